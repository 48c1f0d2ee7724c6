# SPDX-License-Identifier: Apache-2.0
"""The filter object_references."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.objects import object_references

DOCUMENTATION = r"""
name: object_references
short_description: Reduce Kubernetes objects to references
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Keeps apiVersion, kind, name and namespace.
positional: workloads
extends_documentation_fragment:
  - inference.stack.objects
options:
  workloads:
    description: Keep only Deployments, DaemonSets and StatefulSets.
    type: bool
    default: false
"""

EXAMPLES = r"""
references: "{{ objects | inference.stack.object_references }}"
"""

RETURN = r"""
_value:
  description: The references.
  type: list
  elements: dict
  sample: [{apiVersion: apps/v1, kind: Deployment, metadata: {name: litellm, namespace: ml}}]
"""


class FilterModule:
    """Offers object_references."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"object_references": as_filter(object_references)}
