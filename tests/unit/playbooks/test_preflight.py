"""A site whose inputs are wrong is refused before any host changes, with the variable named."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tests.unit.playbook_run import run_playbook

KEY = "sk-" + "0" * 32
SECRETS = {"vault_k3s_token": "0" * 32, "vault_litellm_home_key": KEY, "vault_litellm_master_key": KEY}


def run_site(variables: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """The example site with its hosts replaced by this machine; only tasks that read are selected."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    return run_playbook("site.yml", "--tags", "plan", variables=local | variables)


def test_the_example_site_passes_once_its_secrets_are_there() -> None:
    done = run_site(SECRETS)
    assert done.returncode == 0, done.stdout[-2000:]
    assert KEY not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"vault_k3s_token": None}, ["k3s_token"]),
        ({"vault_litellm_master_key": "sk-short"}, ["litellm_master_key", "openssl rand"]),
        ({"inference_models": [{"name": "qwen3-8b-awk"}]}, ["inference_models[0]", "qwen3-8b-awq"]),
        ({"k3s_node_labels": ["gpu"]}, ["k3s_node_labels", "dict"]),
        ({"litellm_node_port": "high"}, ["litellm_node_port", "int"]),
        (
            {"inference_chat": True},
            ["open_webui_gateway_key is empty", "litellm_keys", "open_webui_secret_key"],
        ),
    ],
    ids=[
        *("missing secret", "weak key", "unknown model", "wrong type on a host", "wrong type in the cluster"),
        "chat without keys",
    ],
)
def test_broken_inputs_are_refused_by_name(broken: dict[str, Any], words: list[str]) -> None:
    variables = {name: value for name, value in (SECRETS | broken).items() if value is not None}
    done = run_site(variables)
    assert done.returncode != 0
    assert [word for word in words if word not in done.stdout] == [], done.stdout[-2000:]
    assert "Traceback" not in done.stdout + done.stderr
    assert "changed=0" in done.stdout
