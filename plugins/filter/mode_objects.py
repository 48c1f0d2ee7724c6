# SPDX-License-Identifier: Apache-2.0
"""The filter mode_objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.mode_objects import mode_objects

DOCUMENTATION = r"""
name: mode_objects
short_description: Decide what a mode has to scale
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - What field manager C(inference-mode) has to apply so that the wanted mode owns the GPU.
  - Empty when it does already.
positional: mode, namespace, observed, only_existing
options:
  _input:
    description: The models, each with C(deployment) and C(active), and perhaps C(replicas).
    type: list
    elements: dict
    required: true
  mode:
    description: The wanted mode.
    type: str
    required: true
  namespace:
    description: The namespace of the Deployments.
    type: str
    required: true
  observed:
    description: What M(inference.stack.cluster_objects_info) returned for the owner of the Deployments.
    type: dict
    required: true
  only_existing:
    description: Leave out what does not exist yet, as check mode has to.
    type: bool
    default: false
"""

EXAMPLES = r"""
scale: "{{ vllm_models | inference.stack.mode_objects('ml', 'ml', observed.owners.vllm) }}"
"""

RETURN = r"""
_value:
  description: Partial Deployments, and the ConfigMap that records the mode and the engines of each model.
  type: list
  elements: dict
  sample:
    - apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: vllm-qwen3-8b-awq
        namespace: ml
      spec:
        replicas: 1
"""


class FilterModule:
    """Offers mode_objects."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"mode_objects": as_filter(mode_objects)}
