"""The proof at the end of a run: every active model, through the gateway, told line by line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.playbook_run import run_playbook
from tests.unit.plugins.scripted_model import GPU, LENGTH, NAME, TIER_MAP, ScriptedModel
from tests.unit.plugins.scripted_server import ScriptedServer

KEY = "sk-" + "0" * 32
CONTRACT = {
    "capabilities": ["chat", "json"],
    "max_model_len": LENGTH,
    "reasoning_apart": False,
    "thinking_switch": False,
    "floor_tokens_per_second": 1.0,
    "api_base": GPU,
    "memory_host": "worker",
    "memory": {"expected_bytes": 11 * 1024**3, "minimum_bytes": 1024**3},
}
PLAN: dict[str, Any] = {
    "namespace": "ml",
    "image": "vllm/vllm-openai:v0.8.5.post1",
    "default_mode": "ml",
    "tier_map": TIER_MAP,
    "vllm_models": [
        {"served_name": NAME, "active": True, "load_timeout": 20, "contract": CONTRACT},
        {"served_name": "org/asleep", "active": False, "load_timeout": 20, "contract": CONTRACT},
    ],
    "litellm_models": [
        {"model_name": NAME, "litellm_params": {"api_base": GPU}, "model_info": {"tier": "gpu"}},
        {"model_name": "cloud", "litellm_params": {"api_key": KEY}, "model_info": {"tier": "cloud"}},
    ],
    "litellm_fallbacks": [{NAME: ["cloud"]}],
    "litellm_aliases": {"default": NAME},
}


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    """Where what was found is kept."""
    return tmp_path / "proof.json"


def prove(
    server: ScriptedServer, proof: Path, *words: str, **variables: Any
) -> subprocess.CompletedProcess[str]:
    """The play on this machine, which is the only GPU host as well, and which has a kubeconfig."""
    extra = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "inference_plan": PLAN,
        "inference_gateway_url": server.url,
        "inference_gateway_key": KEY,
        "inference_proof": str(proof),
        "inference_kubeconfig": "/nowhere/kubeconfig",
        "__inference_ask": False,
        **variables,
    }
    return run_playbook("steps/prove.yml", *words, variables=extra)


def test_a_kept_contract_is_told_line_by_line(server: ScriptedServer, proof: Path) -> None:
    ScriptedModel(server, gateway=True).serve()
    done = prove(server, proof)
    assert done.returncode == 0, done.stdout[-3000:]
    lines = [line.strip(" -'\"") for line in done.stdout.splitlines()]
    for expected in ("passed         identity", "passed         json_answer", "passed         context"):
        assert [line for line in lines if line.startswith(expected)], (expected, done.stdout[-3000:])
    assert f"{NAME}, tier gpu" in done.stdout
    assert KEY not in done.stdout + done.stderr + proof.read_text()
    assert "org/asleep" not in done.stdout
    assert "changed=0" in done.stdout
    noted = json.loads(proof.read_text())
    assert noted["routes"][0]["aliases"] == ["default"]
    assert [step["tier"] for step in noted["routes"][0]["steps"]] == ["gpu", "cloud"]
    (contract,) = noted["contracts"]
    assert (contract["model"], contract["tier"], contract["fulfilled"]) == (NAME, "gpu", True)
    assert {"identity", "json_answer", "context"} <= {check["check"] for check in contract["checks"]}


def test_a_broken_contract_fails_the_run_and_is_told_as_well(server: ScriptedServer, proof: Path) -> None:
    ScriptedModel(server, {"prose"}, gateway=True).serve()
    done = prove(server, proof)
    assert done.returncode != 0
    _, shown, _, required = done.stdout.split("TASK [")[1:]
    assert "passed         identity" in shown
    assert "failed         json" in shown
    assert f"{NAME} breaks its contract in 2 of the 17 checks" in required
    assert "json: expected JSON with title, tags and correspondent" in required
    assert "Traceback" not in done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr + proof.read_text()
    (contract,) = json.loads(proof.read_text())["contracts"]
    assert not contract["fulfilled"]
    assert contract["broken"] == ["json", "json_answer"]
    failed = [check["check"] for check in contract["checks"] if check["status"] == "failed"]
    assert failed == ["json", "json_answer"]


def test_a_model_that_never_answers_is_told_too(server: ScriptedServer, proof: Path) -> None:
    model = {**PLAN["vllm_models"][0], "load_timeout": 1}
    done = prove(server, proof, inference_plan={**PLAN, "vllm_models": [model]})
    assert done.returncode != 0
    _, shown, _, required = done.stdout.split("TASK [")[1:]
    assert "no such path" in shown
    assert "no such path" in required
    (contract,) = json.loads(proof.read_text())["contracts"]
    assert "no such path" in contract["failure"]
    assert (contract["fulfilled"], contract["checks"]) == (False, [])


def test_quality_is_the_sites_to_switch_off(server: ScriptedServer, proof: Path) -> None:
    ScriptedModel(server, {"wrong sender", "knows nothing"}, gateway=True).serve()
    assert prove(server, proof, inference_contract_quality=False).returncode == 0


def test_check_mode_asks_nothing_of_a_bare_site(server: ScriptedServer, proof: Path) -> None:
    ScriptedModel(server, gateway=True).serve()
    done = prove(server, proof, "--check", inference_kubeconfig={})
    assert done.returncode == 0, done.stdout[-3000:]
    assert server.requests == []
    assert not proof.exists()


def test_check_mode_proves_a_finished_site(server: ScriptedServer, proof: Path) -> None:
    ScriptedModel(server, gateway=True).serve()
    done = prove(server, proof, "--check")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed         stream" in done.stdout
    assert not proof.exists()
