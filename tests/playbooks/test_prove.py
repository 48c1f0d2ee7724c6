"""The proof at the end of a run: every active model, through the gateway, told line by line."""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.cluster.rollouts import selector

from tests.playbook_run import ROOT, run_playbook
from tests.playbooks.test_preflight import SECRETS
from tests.unit.plugins.modules.cluster_documents import kubeconfig, resources
from tests.unit.plugins.scripted_model import GPU, LENGTH, NAME, TIER_MAP, ScriptedModel
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

KEY = "sk-" + "0" * 32
SERVED, ENGINE = "Qwen/Qwen3-8B-AWQ", "vllm-qwen3-8b-awq"
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
LIMITS = {"load_timeout": 20, "contract": CONTRACT}
PLAN: dict[str, Any] = {
    "namespace": "ml",
    "parts": {"gateway": {"name": "litellm", "public_url": "https://llm.example.com"}},
    "image": "vllm/vllm-openai:v0.8.5.post1",
    "default_mode": "ml",
    "tier_map": TIER_MAP,
    "vllm_models": [
        {"name": "model-8b", "served_name": NAME, "deployment": "vllm-model-8b", "active": True, **LIMITS},
        {
            "name": "asleep",
            "served_name": "org/asleep",
            "deployment": "vllm-asleep",
            "active": False,
            **LIMITS,
        },
    ],
    "hosts": [{"name": "worker"}],
    "placement": [{"model": "model-8b", "host": "worker"}],
    "litellm_models": [
        {"model_name": NAME, "litellm_params": {"api_base": GPU}, "model_info": {"tier": "gpu"}},
        {"model_name": "cloud", "litellm_params": {"api_key": KEY}, "model_info": {"tier": "cloud"}},
    ],
    "litellm_engines": [],
    "litellm_engine_proxy_port": 8100,
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


def task(done: subprocess.CompletedProcess[str], name: str) -> str:
    """What a task said."""
    (told,) = (part for part in done.stdout.split("TASK [")[1:] if part.startswith(name))
    return told


def test_a_kept_contract_is_told_line_by_line(server: ScriptedServer, proof: Path) -> None:
    ScriptedModel(server, gateway=True).serve()
    done = prove(server, proof)
    assert done.returncode == 0, done.stdout[-3000:]
    lines = [line.strip(" -'\"") for line in done.stdout.splitlines()]
    for expected in ("passed         identity", "passed         json_answer", "passed         context"):
        assert [line for line in lines if line.startswith(expected)], (expected, done.stdout[-3000:])
    assert f"{NAME}, tier gpu" in done.stdout
    assert "Clients ask https://llm.example.com/v1" in done.stdout
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
    shown, required = task(done, "show_text | Show the text"), task(done, "Require that every contract")
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
    shown, required = task(done, "show_text | Show the text"), task(done, "Require that every contract")
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
    assert f"== {NAME}: not proven, a run is still to make or change its engine" in done.stdout


@pytest.mark.parametrize("words", [(), ("--check",)])
def test_a_model_whose_host_is_away_is_not_waited_for(
    server: ScriptedServer, proof: Path, words: tuple[str, ...]
) -> None:
    ScriptedModel(server, {"gpu is away"}, gateway=True).serve()
    done = prove(server, proof, *words, __inference_absent_hosts=["worker"], inference_kubeconfig={})
    assert done.returncode == 0, done.stdout[-3000:]
    told = " ".join(done.stdout.split())
    assert f"== {NAME}: not proven, worker did not answer" in told
    asked = [request.path for request in server.requests if request.path.endswith("completions")]
    assert len(asked) == (0 if words else 1)
    assert ("tier cpu answers instead" in told) == (not words)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The example's Deployment, as a run leaves it."""
    folder = tmp_path_factory.mktemp("rendered")
    done = run_playbook("render.yml", variables=SECRETS | {"render_output": str(folder)})
    assert done.returncode == 0, done.stdout[-2000:]
    objects = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(folder.rglob("deployment*.yaml"))]
    (found,) = (row for row in objects if row["metadata"]["name"] == ENGINE)
    found["spec"]["replicas"] = 1
    return dict(found)


def finished(server: ScriptedServer, engine: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The example site's cluster as a run left it, and its inventory as ``changes`` make it since then."""
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    pod = {"metadata": {"name": f"{ENGINE}-1"}, "status": {"conditions": [ready]}}
    documents = {
        "/api/v1": resources(("ConfigMap", "configmaps", True)),
        "/apis/apps/v1/namespaces/ml/deployments": {"items": [engine]},
        "/api/v1/namespaces/ml/configmaps/inference-mode": {"data": {"mode": "ml"}},
    }
    for path, document in documents.items():
        server.routes[f"GET {path}"] = functools.partial(Exchange.reply, body=document)
    pods = f"GET /api/v1/namespaces/ml/pods?{urlencode({'labelSelector': selector(engine)})}"
    server.routes[pods] = functools.partial(Exchange.reply, body={"items": [pod]})
    return {
        **SECRETS,
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "inference_kubeconfig": kubeconfig(server),
        "inference_gateway_url": server.url,
        "inference_gateway_key": KEY,
        "__inference_ask": False,
        **changes,
    }


def check(variables: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    prove_playbook = str(ROOT / "playbooks/steps/prove.yml")
    return run_playbook("steps/compute_plan.yml", prove_playbook, "--check", variables=variables)


def test_check_mode_proves_a_finished_site(server: ScriptedServer, engine: dict[str, Any]) -> None:
    engine_url = "http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000"
    ScriptedModel(server, name=SERVED, length=8192, gateway=True, engine=engine_url).serve()
    done = check(finished(server, engine))
    assert "not proven" not in done.stdout
    assert "passed         stream" in done.stdout, done.stdout[-3000:]


R1 = "deepseek-r1-distill-qwen-7b-awq"
OLD = {"name": "qwen3-8b-awq", "mode": "ml"}


@pytest.mark.parametrize(
    ("changes", "left_out"),
    [
        (
            {"inference_models": [OLD, {"name": R1, "mode": "r1"}], "inference_default_mode": "r1"},
            "deepseek-r1",
        ),
        ({"inference_models": [{**OLD, "max_model_len": 4096}]}, SERVED),
        ({"inference_models": [{**OLD, "served_name": "house-model"}]}, "house-model"),
    ],
    ids=["another mode", "another argument", "another name"],
)
def test_check_mode_asks_for_no_future(
    server: ScriptedServer, engine: dict[str, Any], changes: dict[str, Any], left_out: str
) -> None:
    ScriptedModel(server, name=SERVED, gateway=True).serve()
    done = check(finished(server, engine, **changes))
    assert done.returncode == 0, done.stdout[-3000:]
    (line,) = (line for line in done.stdout.splitlines() if "not proven" in line)
    assert left_out in line and "a run is still to make or change its engine" in line
    assert not [request for request in server.requests if request.path.endswith("completions")]


@pytest.mark.parametrize("drifted", [False, True])
def test_a_name_that_the_gateway_calls_otherwise_fails_the_run(
    server: ScriptedServer, proof: Path, drifted: bool
) -> None:
    ScriptedModel(server, gateway=True).serve()
    settings = {
        "model_list": PLAN["litellm_models"],
        "router_settings": {"model_group_alias": {"default": NAME}},
    }
    if drifted:
        settings["router_settings"] = {"model_group_alias": {"default": "cloud"}}
    documents = {
        "/api/v1": resources(("ConfigMap", "configmaps", True)),
        "/apis/apps/v1/namespaces/ml/deployments": {"items": []},
        "/api/v1/namespaces/ml/configmaps/litellm": {"data": {"config.yaml": yaml.safe_dump(settings)}},
    }
    for path, document in documents.items():
        server.routes[f"GET {path}"] = functools.partial(Exchange.reply, body=document)
    done = prove(server, proof, inference_kubeconfig=kubeconfig(server))
    assert done.returncode == (2 if drifted else 0), done.stdout[-3000:]
    if drifted:
        told = " ".join(task(done, "Require that everybody").split())
        assert (
            f"default: at the gateway it stands for cloud instead of {NAME}. Run playbooks/site.yml" in told
        )
