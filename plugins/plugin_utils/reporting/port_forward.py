# SPDX-License-Identifier: Apache-2.0
"""The command that opens a tunnel from the controller to a Service in the cluster. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ...module_utils.errors import InvalidInput
from ..boundary.plain import plain
from ..text.addresses import is_controller

_PORTS = range(1, 65536)
_K3S = "/usr/local/bin/k3s"


def port_forward_command(target: Any, local_port: Any, kubeconfig: Any, server: Any) -> list[str]:
    """The words of the command: kubectl with a kubeconfig of one's own, else ssh to the k3s server.

    ``target`` holds namespace, service and port; ``kubeconfig`` is a path or empty; ``server`` the host's own
    connection variables.
    """
    row = plain(target)
    port = _port(local_port)
    forward = ["-n", row["namespace"], "port-forward", f"service/{row['service']}", f"{port}:{row['port']}"]
    if kubeconfig:
        if not isinstance(kubeconfig, str):
            raise InvalidInput(
                "inference_kubeconfig is the content of a kubeconfig, which kubectl cannot read.",
                "Name its file instead.",
            )
        return ["kubectl", "--kubeconfig", str(plain(kubeconfig)), *forward]
    return _through_server(plain(server) or {}, port, [_K3S, "kubectl", *forward])


def _through_server(server: Mapping[str, Any], port: int, command: list[str]) -> list[str]:
    if not server.get("ansible_host"):
        raise InvalidInput(
            "The inventory names neither a host in k3s_servers nor inference_kubeconfig.", "Name one of them."
        )
    user = str(server.get("ansible_user") or "")
    if is_controller(server):
        return ["sudo", *command]
    words = ["ssh", "-tt", "-o", "ExitOnForwardFailure=yes", "-L", f"127.0.0.1:{port}:127.0.0.1:{port}"]
    if server.get("ansible_port"):
        words += ["-p", str(server["ansible_port"])]
    if server.get("ansible_ssh_private_key_file"):
        words += ["-i", str(server["ansible_ssh_private_key_file"])]
    words += shlex.split(str(server.get("ansible_ssh_common_args") or ""))
    words.append(f"{user}@{server['ansible_host']}" if user else str(server["ansible_host"]))
    # The kubeconfig of the server is root's.
    return [*words, shlex.join([*([] if user == "root" else ["sudo"]), *command])]


def _port(value: Any) -> int:
    text = str(value)
    if not text.isdigit() or int(text) not in _PORTS:
        raise InvalidInput(f"port_forward_port is {text!r}.", "Choose a free port between 1024 and 65535.")
    return int(text)
