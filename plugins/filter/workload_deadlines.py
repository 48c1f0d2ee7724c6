# SPDX-License-Identifier: Apache-2.0
"""The filter workload_deadlines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.object_sets import workload_deadlines

DOCUMENTATION = r"""
name: workload_deadlines
short_description: Name the workloads of object sets, and how long each may take
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Keeps apiVersion, kind, name and namespace of Deployments, DaemonSets, StatefulSets and Jobs.
positional: unwaited
options:
  _input:
    description: The form of the role's input C(cluster_objects_sets).
    type: list
    elements: dict
    required: true
  unwaited:
    description: Label sets. A workload that has all labels of one of them is left out.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
workloads: "{{ cluster_objects_sets | inference.stack.workload_deadlines }}"
"""

RETURN = r"""
_value:
  description: References with C(timeout), as M(inference.stack.rollout_info) takes them.
  type: list
  elements: dict
  sample: [{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: demo}, timeout: 600}]
"""


class FilterModule:
    """Offers workload_deadlines."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"workload_deadlines": as_filter(workload_deadlines)}
