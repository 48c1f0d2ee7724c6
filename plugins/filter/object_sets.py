# SPDX-License-Identifier: Apache-2.0
"""The filter object_sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.object_sets import object_sets

DOCUMENTATION = r"""
name: object_sets
short_description: Complete what roles want to have in a cluster
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Objects get the labels C(app.kubernetes.io/managed-by) and C(inference.stack/owner) and, if the set has
    C(requirements), the annotation C(inference.stack/requirements). They are ordered so that what others
    refer to comes first. The namespace and the Secrets become objects, too.
  - An object or an owner that is there twice is refused. So is a secret with none or several of
    C(values), C(existing) and C(external).

positional: leaving, requirements, pod_security
options:
  _input:
    description: The form of the role's input C(cluster_objects_sets).
    type: list
    elements: dict
    required: true
  leaving:
    description: Leave the objects out, as if the owners no longer wanted any.
    type: bool
    default: false
  requirements:
    description: Ids of requirements for sets that have none of their own.
    type: list
    elements: str
    default: []
  pod_security:
    description: Pod Security levels by namespace, for sets that have none of their own.
    type: dict
    default: {}
"""

EXAMPLES = r"""
sets: "{{ [{'owner': 'web', 'namespace': 'demo', 'definitions': objects}] | inference.stack.object_sets }}"
"""

RETURN = r"""
_value:
  description: >-
    The form that M(inference.stack.cluster_objects_info) takes as
    O(inference.stack.cluster_objects_info#module:sets).
  type: list
  elements: dict
  sample: [{definitions: [], namespace: demo, owner: web}]
"""


class FilterModule:
    """Offers object_sets."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"object_sets": as_filter(object_sets)}
