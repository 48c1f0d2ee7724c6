# SPDX-License-Identifier: Apache-2.0
"""The filter plan_hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.planning.inputs.inventory_hosts import plan_hosts

DOCUMENTATION = r"""
name: plan_hosts
short_description: Return the GPU hosts as the plan takes them
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - What the inventory says of each host, and what C(inference.stack.gpu_info) saw where it was asked.
options:
  _input:
    description: The hosts' variables, as C(hostvars) has them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
hosts: "{{ groups['gpu_hosts'] | map('extract', hostvars) | inference.stack.plan_hosts }}"
"""

RETURN = r"""
_value:
  description: One row for each host, for O(inference.stack.plan#module:hosts).
  type: list
  elements: dict
  sample: [{name: gpu, gpus: [], pci_ids: ['2504'], driver: '', driver_found: 570.195.03}]
"""


class FilterModule:
    """Offers plan_hosts."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"plan_hosts": as_filter(plan_hosts)}
