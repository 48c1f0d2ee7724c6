# SPDX-License-Identifier: Apache-2.0
"""The filter host_proxy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.proxies import host_proxy

DOCUMENTATION = r"""
name: host_proxy
short_description: Return the variables with which a program on a host uses a proxy
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Unlike those of pods, they may hold credentials.
positional: where, direct
options:
  _input:
    description: The proxy, with C(http), C(https) and C(no_proxy). Empty gives no variables.
    type: dict
    required: true
  where:
    description: The variable that a refusal names.
    type: str
    default: inference_proxy
  direct:
    description: Hosts that are reached without the proxy, beside those of C(no_proxy).
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
environment: "{{ {'https': 'http://proxy.example.com:3128'} | inference.stack.host_proxy('k3s_proxy') }}"
"""

RETURN = r"""
_value:
  description: The variables, in small letters.
  type: dict
  sample: {https_proxy: http://proxy.example.com:3128, no_proxy: registry.example.com}
"""


class FilterModule:
    """Offers host_proxy."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"host_proxy": as_filter(host_proxy)}
