# SPDX-License-Identifier: Apache-2.0
"""The filter host_address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.text.addresses import host_address

DOCUMENTATION = r"""
name: host_address
short_description: Return the address of a host of the inventory
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - The address is C(ansible_host), or the host's name where the inventory sets none.
options:
  _input:
    description: The host's variables, as C(hostvars) has them.
    type: dict
    required: true
  url:
    description: Write the address as the host of a URL, with IPv6 addresses in brackets.
    type: bool
    default: false
  from_controller:
    description:
      - Whether the controller itself uses the address. A host without C(ansible_host) whose connection is
        V(local) is then V(127.0.0.1).
    type: bool
    default: false
"""

EXAMPLES = r"""
url: "http://{{ hostvars['server'] | inference.stack.host_address(url=true) }}:30400"
"""

RETURN = r"""
_value:
  description: The address.
  type: str
  sample: '[2001:db8::10]'
"""


class FilterModule:
    """Offers host_address."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"host_address": as_filter(host_address)}
