# SPDX-License-Identifier: Apache-2.0
"""The filter own_objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.objects import own_objects

DOCUMENTATION = r"""
name: own_objects
short_description: Mark Kubernetes objects as ours
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Copies of the objects with the labels C(app.kubernetes.io/managed-by) and C(inference.stack/owner)
    and, if there are requirements, the annotation C(inference.stack/requirements).
  - Ordered so that what others refer to comes first. An object that is in the list twice is refused.
positional: owner, requirements
extends_documentation_fragment:
  - inference.stack.objects
options:
  owner:
    description: What the label C(inference.stack/owner) says.
    type: str
    required: true
  requirements:
    description: Ids of requirements that the objects fulfil.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
owned: "{{ objects | inference.stack.own_objects('vllm', ['REQ-12']) }}"
"""

RETURN = r"""
_value:
  description: The marked objects.
  type: list
  elements: dict
  sample:
    - apiVersion: v1
      kind: Service
      metadata:
        name: litellm
        namespace: ml
        labels:
          inference.stack/owner: litellm
"""


class FilterModule:
    """Offers own_objects."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"own_objects": as_filter(own_objects)}
