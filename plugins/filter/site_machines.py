# SPDX-License-Identifier: Apache-2.0
"""The filter site_machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.boundary.plain import plain
from ..plugin_utils.proposing.machines import machines

DOCUMENTATION = r"""
name: site_machines
short_description: Turn addresses into the machines of a new site
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
positional: gpus, user
description:
  - For C(playbooks/init.yml). The k3s server is called C(server), hosts with GPUs C(gpu), C(gpu2) and so on.
  - A server that is among the hosts with GPUs, or alone, is both.
  - Fails where an address is none, or where C(localhost) would have to be found by other machines.
options:
  _input:
    description: Address of the k3s server, a DNS name, IPv4 or IPv6.
    type: str
    required: true
  gpus:
    description: Addresses of the hosts with GPUs, parted by commas. Without any, the server has the GPU.
    type: str
    default: ""
  user:
    description: The user that SSH logs in as. Empty leaves it to SSH.
    type: str
    default: ""
"""

EXAMPLES = r"""
machines: "{{ '192.0.2.10' | inference.stack.site_machines('192.0.2.11,192.0.2.12', 'admin') }}"
"""

RETURN = r"""
_value:
  description: The machines, the server first.
  type: list
  elements: dict
  contains:
    name:
      description: Name of the machine in the inventory.
      type: str
      sample: gpu
    address:
      description: Its address.
      type: str
      sample: 192.0.2.11
    user:
      description: The user that SSH logs in as.
      type: str
      sample: admin
    is_server:
      description: Whether it runs the k3s server.
      type: bool
      sample: false
    has_gpu:
      description: Whether it is a host with GPUs.
      type: bool
      sample: true
    is_local:
      description: Whether it is the controller itself.
      type: bool
      sample: false
"""


def site_machines(server: Any, gpus: Any = "", user: Any = "") -> list[dict[str, Any]]:
    """The filter itself: plain values for code that does not know Ansible."""
    words = [str(plain(value) or "") for value in (server, gpus, user)]
    return [machine.as_plain() for machine in machines(*words)]


class FilterModule:
    """Offers site_machines."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"site_machines": as_filter(site_machines)}
