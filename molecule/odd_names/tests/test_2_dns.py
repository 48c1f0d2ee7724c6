"""Hosts are reached by names alone: over SSH, at the API server, by the agent, at the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

SERVER = "server.lab.test"


def test_the_agent_joined_by_the_name(gpu: Any) -> None:
    assert gpu.file("/etc/rancher/k3s/config.yaml").contains(f"https://{SERVER}:6443")


def test_the_api_server_has_a_certificate_for_the_name(server: Any) -> None:
    shown = server.check_output(
        f"openssl s_client -connect {SERVER}:6443 -servername {SERVER} </dev/null 2>/dev/null"
        " | openssl x509 -noout -ext subjectAltName"
    )
    assert f"DNS:{SERVER}" in shown


def test_the_certificate_is_not_for_just_any_name(server: Any) -> None:
    """Otherwise the runs of this scenario would show nothing: they check it."""
    asked = "curl --silent --cacert /var/lib/rancher/k3s/server/tls/server-ca.crt --output /dev/null"
    assert server.run(f"{asked} https://{SERVER}:6443/readyz").rc == 0
    refused = server.run(
        f"{asked} --resolve other.lab.test:6443:127.0.0.1 https://other.lab.test:6443/readyz"
    )
    assert refused.rc == 60, refused.stderr


def test_the_short_commands_reach_the_server_by_its_name(shown_by: Callable[..., str]) -> None:
    assert SERVER in shown_by("port-forward", TO="gateway", PORT="4000")


def test_the_gateway_answers_at_the_name(names: dict[str, Any]) -> None:
    answer = requests.get(f"http://{SERVER}:{names['litellm_node_port']}/health/liveliness", timeout=30)
    assert answer.status_code == 200, answer.text
