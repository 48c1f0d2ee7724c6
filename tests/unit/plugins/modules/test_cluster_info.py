"""The modules that read a cluster, against a server that answers like one."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.modules import (
    cluster_objects_info,
    node_resource_info,
    rollout_info,
)

from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

TOKEN = "token-0123456789"
OURS = {"app.kubernetes.io/managed-by": "inference.stack", "inference.stack/owner": "vllm"}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "engine", "namespace": "ml"},
}


def kubeconfig(server: ScriptedServer) -> dict[str, Any]:
    return {
        "current-context": "default",
        "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
        "clusters": [{"name": "default", "cluster": {"server": server.url}}],
        "users": [{"name": "default", "user": {"token": TOKEN}}],
    }


def resources(*kinds: tuple[str, str, bool]) -> dict[str, Any]:
    return {"resources": [{"kind": kind, "name": name, "namespaced": scope} for kind, name, scope in kinds]}


def labelled(name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}}


ENGINE = {
    "kind": "Deployment",
    "metadata": {
        "name": "engine",
        "generation": 1,
        "managedFields": [
            {"manager": "inference-mode", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
            {"manager": "inference-stack", "fieldsV1": {"f:spec": {"f:template": {}}}},
        ],
    },
    "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "engine"}}},
    "status": {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1, "replicas": 1},
}
MEMORY = {
    "data": {
        "objects": "apps/v1 Deployment ml/engine\nnonsense\n"
        "v1 Service ml/mine\nv1 Service ml/foreign\nv1 Service ml/gone\n"
    }
}
NODES = {"items": [{"metadata": {"name": "worker"}, "status": {"allocatable": {"nvidia.com/gpu": "1"}}}]}
DOCUMENTS: dict[str, Any] = {
    "/api/v1": resources(
        ("Namespace", "namespaces", False), ("ConfigMap", "configmaps", True), ("Service", "services", True)
    ),
    "/apis/apps/v1": resources(("Deployment", "deployments", True), ("Scale", "deployments/scale", True)),
    "/api/v1/namespaces/ml": labelled("ml", {}),
    "/apis/apps/v1/namespaces/ml/deployments/engine": ENGINE,
    "/api/v1/namespaces/ml/configmaps/inference-stack-vllm": MEMORY,
    "/api/v1/namespaces/ml/configmaps/inference-mode": {"data": {"mode": "ml"}},
    "/api/v1/namespaces/ml/services/mine": labelled("mine", OURS),
    "/api/v1/namespaces/ml/services/foreign": labelled("foreign", {"inference.stack/owner": "vllm"}),
    "/api/v1/namespaces/ml/pods?labelSelector=app%3Dengine": {"items": []},
    "/api/v1/nodes?labelSelector=gpu%3Dtrue": NODES,
}


@pytest.fixture
def cluster(server: ScriptedServer) -> ScriptedServer:
    for path, document in DOCUMENTS.items():
        server.routes[f"GET {path}"] = functools.partial(Exchange.reply, body=document)
    return server


def ask(cluster: ScriptedServer, **more: Any) -> dict[str, Any]:
    return {"kubeconfig": kubeconfig(cluster), **more}


@pytest.mark.parametrize("check", [True, False])
def test_it_reads_what_an_owner_has(cluster: ScriptedServer, run_module: ModuleRunner, check: bool) -> None:
    certificate = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "tls", "namespace": "ml"},
    }
    elsewhere = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "other"}}
    run = run_module(
        cluster_objects_info.main,
        ask(
            cluster,
            owner="vllm",
            namespace="ml",
            definitions=[DEPLOYMENT, certificate, elsewhere],
            config_maps=["inference-mode", "absent"],
        ),
        check=check,
    )
    assert run.exit_code == 0, run.result
    engine, missing_api, missing_namespace = run.result["objects"]
    assert engine["exists"] and engine["replicas"] == 1
    assert engine["replicas_managers"] == ["inference-mode"]
    assert (missing_api["obstacle"], missing_namespace["obstacle"]) == ("api", "namespace")
    assert [item["metadata"]["name"] for item in run.result["stale"]] == ["mine"]
    assert run.result["config_maps"] == {"inference-mode": {"mode": "ml"}}
    assert run.result["changed"] is False
    assert cluster.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert cluster.connections == 1


@pytest.mark.parametrize("check", [True, False])
def test_a_workload_that_runs_is_waited_for_in_no_time(
    cluster: ScriptedServer, run_module: ModuleRunner, check: bool
) -> None:
    run = run_module(rollout_info.main, ask(cluster, workloads=[DEPLOYMENT]), check=check)
    assert run.result["workloads"] == {"Deployment ml/engine": "1 of 1 pods are available"}
    assert run.result["pods"] == {"Deployment ml/engine": []}


def test_a_workload_that_is_missing_fails_except_in_check_mode(
    cluster: ScriptedServer, run_module: ModuleRunner
) -> None:
    gone = {**DEPLOYMENT, "metadata": {"name": "gone", "namespace": "ml"}}
    request = ask(cluster, workloads=[gone], timeout=0)
    assert "Deployment ml/gone does not exist" in run_module(rollout_info.main, request).result["msg"]
    assert not run_module(rollout_info.main, request, check=True).failed


def test_a_node_offers_a_gpu_or_the_labels_are_named(
    cluster: ScriptedServer, run_module: ModuleRunner
) -> None:
    run = run_module(node_resource_info.main, ask(cluster, node_selector={"gpu": "true"}))
    assert run.result["offering"] == {"worker": 1}
    cluster.routes["GET /api/v1/nodes?labelSelector=gpu%3Dtrue"] = lambda exchange: exchange.reply(
        {"items": []}
    )
    run = run_module(node_resource_info.main, ask(cluster, node_selector={"gpu": "true"}, timeout=0))
    assert run.failed and "No node has the labels gpu=true" in run.result["msg"]


def test_a_refusal_and_an_outage_are_told_apart(cluster: ScriptedServer, run_module: ModuleRunner) -> None:
    cluster.routes["GET /apis/apps/v1"] = lambda exchange: exchange.reply({"message": "no rights"}, 403)
    run = run_module(rollout_info.main, ask(cluster, workloads=[DEPLOYMENT]))
    assert "answered 403" in run.result["msg"] and "no rights" in run.result["msg"]
    nobody = kubeconfig(cluster)
    nobody["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:9"
    run = run_module(rollout_info.main, {"kubeconfig": nobody, "workloads": [DEPLOYMENT]})
    assert "does not answer" in run.result["msg"]
    assert "http://127.0.0.1:9" in run.result["msg"]
    assert TOKEN not in str(run.result)
