"""The module is its documentation, and behaves the same in check mode."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.modules import llm_health

from tests.unit.plugins.modules.cluster_documents import ENGINE, TOKEN, ask
from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.scripted_server import ScriptedServer

KEY = "geheim-4711"
IN_CLUSTER = {"namespace": "ml", "deployment": "engine", "load_timeout": 120}
ONCE = {"timeout": 5, "interval": 5}  # no time is left for a second attempt


@pytest.mark.parametrize("check", [False, True])
def test_a_healthy_model(server: ScriptedServer, run_module: ModuleRunner, check: bool) -> None:
    server.serve_model("Qwen/Qwen3-8B-AWQ", headers={"x-litellm-model-api-base": "http://gpu:8000/v1"})
    done = run_module(
        llm_health.main,
        {
            "base_url": server.url,
            "api_key": KEY,
            "model": "Qwen/Qwen3-8B-AWQ",
            "expected_tier": "gpu",
            "tier_map": {"http://gpu:8000": "gpu"},
        },
        check=check,
    )
    assert not done.failed
    assert done.result["healthy"] is True
    assert done.result["changed"] is False
    assert done.result["tier"] == "gpu"
    assert done.result["models"] == ["Qwen/Qwen3-8B-AWQ"]
    assert server.paths()[-1] == "/v1/chat/completions"
    assert KEY not in json.dumps({**done.result, "invocation": {}})


@pytest.mark.parametrize("check", [False, True])
def test_a_server_without_the_model(server: ScriptedServer, run_module: ModuleRunner, check: bool) -> None:
    server.serve_model("other")
    done = run_module(llm_health.main, {"base_url": server.url, "model": "m", **ONCE}, check=check)
    assert done.failed
    assert done.result["healthy"] is False
    assert done.result["changed"] is False
    assert "it names: other" in done.result["msg"]
    assert done.result["models"] == ["other"]
    assert done.result["attempts"] == 1


def test_the_key_appears_nowhere_in_a_failure(server: ScriptedServer, run_module: ModuleRunner) -> None:
    server.serve_model()
    server.routes["GET /v1/models"] = lambda exchange: exchange.reply(
        {"error": f"no {KEY}", "sent": exchange.headers["Authorization"]}, status=401
    )
    done = run_module(llm_health.main, {"base_url": server.url, "api_key": KEY, "model": "m", **ONCE})
    assert done.failed
    assert "HTTP 401" in done.result["msg"]
    assert KEY not in json.dumps(done.result)


def test_liveness_needs_no_model(server: ScriptedServer, run_module: ModuleRunner) -> None:
    server.serve_model()
    done = run_module(llm_health.main, {"base_url": server.url, "validate": "liveness"})
    assert done.result["healthy"] is True


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "validate=generate needs model"),
        ({"validate": "identity"}, "validate=identity needs model"),
        ({"model": "m", "timeout": 0}, "timeout must be above 0"),
        ({"model": "m", "interval": -1}, "interval must not be negative"),
        ({"model": "m", "expected_tier": "gpu"}, "tier_map has no address of tier 'gpu'"),
        ({"model": "m", "expected_tier": "gpu", "validate": "identity"}, "needs validate=generate"),
        ({"model": "m", "base_url": "127.0.0.1"}, "is not an address"),
        ({"model": "m", "ca_path": "/nowhere/ca.pem"}, "cannot be read"),
        ({"model": "m", "load_timeout": 5}, "load_timeout needs deployment"),
        ({"model": "m", "load_timeout": -5}, "load_timeout must not be negative"),
        ({"validate": "liveness", "metrics": True}, "metrics needs validate=identity or validate=generate"),
        ({"model": "m", "deployment": "engine"}, "kubeconfig, deployment, namespace"),
        ({"model": "m", "validate": "all"}, "value of validate must be one of"),
    ],
)
def test_options_are_checked_before_anything_is_asked(
    run_module: ModuleRunner, options: dict[str, Any], told: str
) -> None:
    done = run_module(llm_health.main, {"base_url": "http://127.0.0.1:1", **ONCE, **options})
    assert done.failed
    assert told in done.result["msg"]


@pytest.mark.parametrize("check", [False, True])
def test_an_engine_in_a_cluster(cluster: ScriptedServer, run_module: ModuleRunner, check: bool) -> None:
    cluster.serve_model("m")
    options = {"base_url": cluster.url, "model": "m", **IN_CLUSTER}
    done = run_module(llm_health.main, ask(cluster, **options), check=check)
    assert done.result["healthy"] is True
    assert done.result["load_s"] is None
    assert TOKEN not in json.dumps(done.result)


def test_the_cluster_explains_what_the_server_does_not(
    cluster: ScriptedServer, run_module: ModuleRunner
) -> None:
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    crashing = {"name": "vllm", "restartCount": 4, "state": state}
    pods = {"items": [{"metadata": {"name": "p"}, "status": {"containerStatuses": [crashing]}}]}
    cluster.routes["GET /apis/apps/v1/namespaces/ml/deployments/engine"] = lambda exchange: exchange.reply(
        {**ENGINE, "status": {"observedGeneration": 1}}
    )
    cluster.routes["GET /api/v1/namespaces/ml/pods?labelSelector=app%3Dengine"] = lambda exchange: (
        exchange.reply(pods)
    )
    path = "/api/v1/namespaces/ml/pods/p/log?container=vllm&tailLines=500&previous=true"
    cluster.routes[f"GET {path}"] = lambda exchange: exchange.reply(
        b"x\nOSError: No space left on device\nbye"
    )
    options = {"base_url": "http://127.0.0.1:9", "model": "m", **IN_CLUSTER}
    done = run_module(llm_health.main, ask(cluster, **options))
    assert done.failed
    assert "cause: a disk is full. Free space below model_cache_path" in done.result["msg"]
    assert done.result["attempts"] == 1


def test_documentation_and_code_name_the_same_options() -> None:
    assert_same_options(documented_options(llm_health), llm_health.ARGUMENTS)


def test_documentation_and_code_return_the_same(server: ScriptedServer, run_module: ModuleRunner) -> None:
    server.serve_model()
    done = run_module(llm_health.main, {"base_url": server.url, "model": "m"})
    returned = set(yaml.safe_load(llm_health.RETURN))
    assert returned == set(done.result) - {"changed", "invocation"}
