"""The module deployment_info, against a server that answers like a cluster."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.modules import deployment_info

from tests.unit.plugins.modules.cluster_documents import INVENTORIES, OURS, TOKEN, applied, ask, kubeconfig
from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

SECRET = "geheim-4711"
DEPLOYMENTS = "/apis/apps/v1/namespaces/ml/deployments"


def deployment(name: str, labels: dict[str, str] | None = None, replicas: int = 0) -> dict[str, Any]:
    container = {"name": "vllm", "env": [{"name": "API_KEY", "value": SECRET}, {"name": "A", "value": "b"}]}
    owners = [{"manager": "inference-mode", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]
    return {
        "metadata": {"name": name, "labels": labels or {}, "managedFields": owners},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"spec": {"containers": [container]}},
        },
    }


def pod(name: str, **metadata: Any) -> dict[str, Any]:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T10:01:27Z"}
    running = {"name": "vllm", "state": {"running": {"startedAt": "2026-01-01T10:00:00Z"}}}
    return {
        "metadata": {"name": name, **metadata},
        "spec": {"nodeName": "worker", "containers": [{"name": "vllm"}]},
        "status": {"conditions": [ready], "containerStatuses": [running]},
    }


@pytest.fixture
def site(cluster: ScriptedServer) -> ScriptedServer:
    """Four Deployments, one of which runs."""
    documents = {
        DEPLOYMENTS: {
            "items": [
                deployment("vllm-b", OURS, replicas=1),
                deployment("vllm-a", OURS),
                deployment("by-hand"),
                deployment("somebody-else"),
            ]
        },
        "/api/v1/namespaces/ml/pods?labelSelector=app%3Dvllm-b": {
            "items": [pod("vllm-b-1"), pod("vllm-b-0", deletionTimestamp="2026-01-01T10:02:00Z")]
        },
    }
    for path, document in documents.items():
        cluster.routes[f"GET {path}"] = functools.partial(Exchange.reply, body=document)
    return cluster


@pytest.mark.parametrize("check", [True, False])
def test_it_reads_what_runs(site: ScriptedServer, run_module: ModuleRunner, check: bool) -> None:
    request = ask(
        site, namespace="ml", names=["by-hand", "gone"], owner="vllm", config_maps=["inference-mode", "no"]
    )
    run = run_module(deployment_info.main, request, check=check)
    assert run.exit_code == 0, run.result
    assert run.result["changed"] is False
    assert (run.result["answers"], run.result["reason"], run.result["server"]) == (True, "", site.url)
    rows = run.result["deployments"]
    assert [(row["name"], row["owned"], row["replicas"]) for row in rows] == [
        ("by-hand", False, 0),
        ("vllm-a", True, 0),
        ("vllm-b", True, 1),
    ]
    assert rows[2]["replicas_managers"] == ["inference-mode"]
    assert rows[2]["pods"] == [{"name": "vllm-b-1", "node": "worker", "ready": True, "start_seconds": 87.0}]
    assert run.result["config_maps"] == {"inference-mode": {"mode": "ml"}}
    assert site.connections == 1
    assert set(yaml.safe_load(deployment_info.RETURN)) < set(run.result)
    documented = yaml.safe_load(deployment_info.RETURN)["deployments"]["contains"]
    assert set(documented) == set(rows[0])


def test_it_reads_what_owners_applied_here_and_elsewhere(
    site: ScriptedServer, run_module: ModuleRunner
) -> None:
    ollama = deployment("ollama", {**OURS, "inference.stack/owner": "ollama"}, replicas=1)
    ollama["spec"]["template"]["spec"]["volumes"] = [
        {"name": "models", "hostPath": {"path": "/srv/ollama"}},
        {"name": "scratch", "emptyDir": {}},
    ]
    listed = [
        applied("ollama", "ml", "apps/v1 Deployment ml/ollama"),
        applied("vllm", "old", "v1 Service old/vllm-api"),
        applied("web", "ml", "v1 Service ml/web"),
    ]
    for path, document in ((DEPLOYMENTS, {"items": [ollama]}), (INVENTORIES, {"items": listed})):
        site.routes[f"GET {path}"] = functools.partial(Exchange.reply, body=document)
    request = ask(site, namespace="ml", inventories={"ollama": "ml", "vllm": "ml"})
    found = run_module(deployment_info.main, request).result
    assert found["inventories"] == [
        {
            "owner": "ollama",
            "namespace": "ml",
            "objects": ["apps/v1 Deployment ml/ollama"],
            "folders": ["/srv/ollama"],
        }
    ]
    assert [(row["namespace"], row["owners"]) for row in found["elsewhere"]] == [("old", ["vllm"])]


def test_inventories_are_read_on_request_only(site: ScriptedServer, run_module: ModuleRunner) -> None:
    run_module(deployment_info.main, ask(site, namespace="ml"))
    assert INVENTORIES not in [request.path for request in site.requests]


def test_secrets_stay_in_the_cluster(site: ScriptedServer, run_module: ModuleRunner) -> None:
    run = run_module(deployment_info.main, ask(site, namespace="ml", owner="vllm"))
    assert run.result["deployments"][0]["template"]["spec"]["containers"][0]["env"][1]["value"] == "b"
    assert SECRET not in str(run.result)
    assert TOKEN not in str(run.result)


def test_a_namespace_without_deployments_is_empty(site: ScriptedServer, run_module: ModuleRunner) -> None:
    run = run_module(deployment_info.main, ask(site, namespace="other", names=["vllm-a"]))
    assert (run.result["answers"], run.result["deployments"]) == (True, [])


def test_a_cluster_that_is_away_is_an_answer(site: ScriptedServer, run_module: ModuleRunner) -> None:
    nobody = kubeconfig(site)
    nobody["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:9"
    run = run_module(deployment_info.main, {"kubeconfig": nobody, "namespace": "ml", "owner": "vllm"})
    assert (run.failed, run.result["answers"], run.result["deployments"]) == (False, False, [])
    assert run.result["server"] == "http://127.0.0.1:9"
    assert "does not answer" in run.result["reason"]


def test_half_an_answer_is_none(site: ScriptedServer, run_module: ModuleRunner) -> None:
    """Otherwise what could not be read would pass for missing."""
    site.routes["GET /api/v1/namespaces/ml/configmaps/inference-mode"] = lambda exchange: exchange.reply(
        {"message": "no rights"}, 403
    )
    request = ask(site, namespace="ml", owner="vllm", config_maps=["inference-mode"])
    run = run_module(deployment_info.main, request)
    assert (run.result["answers"], run.result["deployments"]) == (False, [])
    assert "no rights" in run.result["reason"]


def test_a_kubeconfig_that_is_missing_is_named(run_module: ModuleRunner) -> None:
    run = run_module(deployment_info.main, {"kubeconfig": "/nowhere/kubeconfig", "namespace": "ml"})
    assert (run.failed, run.result["answers"], run.result["server"]) == (False, False, "")
    assert "/nowhere/kubeconfig" in run.result["reason"]


def test_documentation_and_code_name_the_same_options() -> None:
    assert_same_options(documented_options(deployment_info), deployment_info.ARGUMENTS)
