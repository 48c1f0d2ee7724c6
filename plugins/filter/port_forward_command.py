# SPDX-License-Identifier: Apache-2.0
"""The filter port_forward_command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.reporting.port_forward import port_forward_command

DOCUMENTATION = r"""
name: port_forward_command
short_description: Give the command that opens a tunnel to a Service in the cluster
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - With a kubeconfig of one's own that is C(kubectl port-forward).
  - Otherwise it is C(ssh) to the k3s server, which runs C(k3s kubectl port-forward) there, so that the
    controller needs no kubectl. A server with a local connection needs no C(ssh).
positional: local_port, kubeconfig, server
options:
  _input:
    description: The Service, as C(namespace), C(service) and C(port).
    type: dict
    required: true
  local_port:
    description: The port of the controller to listen on; on the server the same one is used.
    type: int
    required: true
  kubeconfig:
    description: Path of a kubeconfig, or empty.
    type: str
    required: true
  server:
    description: Variables of the k3s server, such as C(ansible_host) and C(ansible_user).
    type: dict
    required: true
"""

EXAMPLES = r"""
words: "{{ service | inference.stack.port_forward_command(8000, '', hostvars['server']) }}"
"""

RETURN = r"""
_value:
  description: The words of the command.
  type: list
  elements: str
  sample: [kubectl, -n, ml, port-forward, service/litellm, '4000:4000']
"""


class FilterModule:
    """Offers port_forward_command."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"port_forward_command": as_filter(port_forward_command)}
