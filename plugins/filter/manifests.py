# SPDX-License-Identifier: Apache-2.0
"""The filter manifests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.manifests import manifests

DOCUMENTATION = r"""
name: manifests
short_description: Write object sets as files for kubectl and GitOps tools
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - One file for each object, the namespaces among them, and a kustomization that lists them.
  - The engines of the active models run, those of other modes stand at 0.
  - Secrets are not among them; C(secrets.yaml.example) lists those that the objects refer to, without values.

positional: models, mode, mode_namespace, pod_security
options:
  _input:
    description: The form of the role's input C(cluster_objects_sets).
    type: list
    elements: dict
    required: true
  models:
    description: The models, each with C(deployment) and C(active), and perhaps C(replicas).
    type: list
    elements: dict
    default: []
  mode:
    description: The mode that owns the GPU. Empty writes no record of it.
    type: str
    default: ""
  mode_namespace:
    description: The namespace of that record.
    type: str
    default: ""
  pod_security:
    description: Pod Security levels by namespace, for sets that have none of their own.
    type: dict
    default: {}
"""

EXAMPLES = r"""
files: "{{ cluster_objects_sets | inference.stack.manifests(vllm_models, 'ml', 'ml') }}"
"""

RETURN = r"""
_value:
  description: The files, each with C(path) and C(content).
  type: list
  elements: dict
  sample: [{content: 'apiVersion: v1', path: web/service-web.yaml}]
"""


class FilterModule:
    """Offers manifests."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"manifests": as_filter(manifests)}
