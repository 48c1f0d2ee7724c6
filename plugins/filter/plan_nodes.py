# SPDX-License-Identifier: Apache-2.0
"""The filter plan_nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.planning.inputs.inventory_nodes import plan_nodes

DOCUMENTATION = r"""
name: plan_nodes
short_description: Return the cluster's nodes as the plan takes them
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
positional: agents
description:
  - What the inventory says of each node, and its CPUs and memory where the host was asked.
options:
  _input:
    description: The servers' variables, as C(hostvars) has them.
    type: list
    elements: dict
    required: true
  agents:
    description: The agents' variables. A host that is in both is a server.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
nodes: >-
  {{ groups['k3s_servers'] | map('extract', hostvars)
     | inference.stack.plan_nodes(groups['k3s_agents'] | map('extract', hostvars) | list) }}
"""

RETURN = r"""
_value:
  description: One row for each host, for O(inference.stack.plan#module:nodes).
  type: list
  elements: dict
  sample: [{name: gpu, is_server: false, cpus: 8, memory_bytes: 33554432000, labels: {}, taints: []}]
"""


class FilterModule:
    """Offers plan_nodes."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"plan_nodes": as_filter(plan_nodes)}
