# SPDX-License-Identifier: Apache-2.0
"""The filter server_kubeconfig."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.server_kubeconfig import server_kubeconfig

DOCUMENTATION = r"""
name: server_kubeconfig
short_description: Make the kubeconfig of a k3s server work elsewhere
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
positional: address
description:
  - A k3s server writes its kubeconfig for itself, with an address of its loopback interface. This filter puts
    in the address at which others find the server, and keeps the port.
  - C(tls-server-name) is C(kubernetes), a name that the certificate of every API server holds. So the
    connection is checked, whatever the server is called where it is asked.
options:
  _input:
    description: The content of the kubeconfig.
    type: dict
    required: true
  address:
    description: Where the server is found.
    type: str
    required: true
"""

EXAMPLES = r"""
kubeconfig: >-
  {{ found.content | b64decode | from_yaml
     | inference.stack.server_kubeconfig(hostvars[inventory_hostname] | inference.stack.host_address) }}
"""

RETURN = r"""
_value:
  description: The kubeconfig; empty where there is none.
  type: dict
  sample: {}
"""


class FilterModule:
    """Offers server_kubeconfig."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"server_kubeconfig": as_filter(server_kubeconfig)}
