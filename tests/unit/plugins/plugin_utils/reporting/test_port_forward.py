"""The command reaches the Service from where it is run, and holds no more than it needs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.port_forward import (
    port_forward_command,
)

TARGET = {"namespace": "ml", "service": "litellm", "port": 4000}
SERVER = {"ansible_host": "192.0.2.10", "ansible_user": "admin"}
REMOTE = "/usr/local/bin/k3s kubectl -n ml port-forward service/litellm 8000:4000"


def test_a_kubeconfig_of_ones_own_is_kubectls() -> None:
    words = port_forward_command(TARGET, 8000, "~/.kube/config", SERVER)
    assert words[:3] == ["kubectl", "--kubeconfig", "~/.kube/config"]
    assert words[-2:] == ["service/litellm", "8000:4000"]


def test_otherwise_the_server_is_the_way() -> None:
    words = port_forward_command(TARGET, "8000", "", SERVER)
    assert words[0] == "ssh"
    assert "127.0.0.1:8000:127.0.0.1:8000" in words
    assert words[-2:] == ["admin@192.0.2.10", f"sudo {REMOTE}"]


def test_root_needs_no_sudo_and_connection_variables_are_kept() -> None:
    server = {
        "ansible_host": "192.0.2.10",
        "ansible_user": "root",
        "ansible_port": 2222,
        "ansible_ssh_private_key_file": "/keys/my key",
        "ansible_ssh_common_args": "-o UserKnownHostsFile=/known -o StrictHostKeyChecking=yes",
        "vault_secret": "geheim",
    }
    words = port_forward_command(TARGET, 8000, "", server)
    assert words[-1] == REMOTE
    assert words[words.index("-p") + 1] == "2222"
    assert words[words.index("-i") + 1] == "/keys/my key"
    assert "UserKnownHostsFile=/known" in words
    assert "geheim" not in str(words)


def test_a_server_without_a_user_is_asked_as_oneself() -> None:
    assert port_forward_command(TARGET, 8000, "", {"ansible_host": "h"})[-2] == "h"


def test_ssh_takes_an_ipv6_address_without_brackets() -> None:
    server = {"ansible_host": "2001:db8::10", "ansible_user": "admin"}
    assert port_forward_command(TARGET, 8000, "", server)[-2] == "admin@2001:db8::10"


def test_a_server_that_is_the_controller_needs_no_ssh() -> None:
    server = {"ansible_host": "127.0.0.1", "ansible_connection": "local", "ansible_user": "me"}
    assert port_forward_command(TARGET, 8000, "", server) == ["sudo", *REMOTE.split()]


@pytest.mark.parametrize(
    ("port", "kubeconfig", "server", "word"),
    [
        ("x", "", SERVER, "port_forward_port"),
        (0, "", SERVER, "port_forward_port"),
        (70000, "", SERVER, "port_forward_port"),
        (8000, {"users": []}, SERVER, "inference_kubeconfig"),
        (8000, "", {}, "k3s_servers"),
    ],
)
def test_what_cannot_work_is_refused_by_name(port: Any, kubeconfig: Any, server: Any, word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        port_forward_command(TARGET, port, kubeconfig, server)
