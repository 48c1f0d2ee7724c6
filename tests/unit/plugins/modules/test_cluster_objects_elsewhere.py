"""The module cluster_objects_info: what other namespaces hold, and node ports that they keep."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from tests.unit.plugins.modules.cluster_documents import (
    DEPLOYMENT,
    INVENTORIES,
    OURS,
    applied,
    resources,
)
from tests.unit.plugins.modules.observed_cluster import Cluster, found
from tests.unit.plugins.scripted_server import Exchange

SERVICE = "/api/v1/namespaces/ml/services/litellm"


def service(name: str, port: int, namespace: str = "ml") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": "NodePort", "ports": [{"port": 4000, "nodePort": port}]},
    }


def reads(site: Cluster, path: str, document: dict[str, Any]) -> None:
    site.server.routes[f"GET {path}"] = functools.partial(Exchange.reply, body=document)


def asked(site: Cluster, path: str) -> int:
    return [request.path for request in site.server.requests].count(path)


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("namespace", ["ml", "ml2"])
def test_a_new_service_wants_a_node_port_of_another(site: Cluster, namespace: str, check: bool) -> None:
    """Whether its own namespace is there yet or not."""
    reads(site, "/api/v1/services", {"items": [service("other", 30300), service("old", 30400, "shop")]})
    wanted = {
        "owner": "vllm",
        "namespace": namespace,
        "definitions": [service("litellm", 30400, namespace)],
        "node_port_input": "litellm_node_port",
    }
    run = site.ask_all([wanted], check)
    assert run.result["taken_node_ports"] == [
        {
            "owner": "vllm",
            "object": f"v1 Service {namespace}/litellm",
            "node_port": 30400,
            "variable": "litellm_node_port",
            "holder": "v1 Service shop/old",
            "leaves": False,
        }
    ]
    assert asked(site, "/api/v1/services") == 1


def test_a_changed_node_port_is_told_without_a_dry_run(site: Cluster) -> None:
    """The API server would refuse the dry run without naming the Service."""
    reads(site, SERVICE, service("litellm", 30400))
    site.tries(SERVICE, {"message": "provided port is already allocated"}, 422)
    reads(site, "/api/v1/services", {"items": [service("litellm", 30400), service("chat", 30300)]})
    run = site.ask(definitions=[service("litellm", 30300)])
    assert not run.failed, run.result
    assert [row["holder"] for row in run.result["taken_node_ports"]] == ["v1 Service ml/chat"]
    assert found(run)["pending"][-1]["verdict"] == "changed"


def test_services_as_wanted_are_not_compared_with_all_others(site: Cluster) -> None:
    reads(site, SERVICE, service("litellm", 30400))
    site.tries(SERVICE, service("litellm", 30400))
    run = site.ask(definitions=[service("litellm", 30400)])
    assert run.result["taken_node_ports"] == []
    assert asked(site, "/api/v1/services") == 0


def test_a_service_that_left_the_list_gives_its_port_up(site: Cluster) -> None:
    """The stale Service ml/mine of the documents."""
    reads(site, "/api/v1/services", {"items": [service("mine", 30400)]})
    run = site.ask(definitions=[service("litellm", 30400)])
    assert [row["leaves"] for row in run.result["taken_node_ports"]] == [True]
    assert [row["metadata"]["name"] for row in found(run)["stale"]] == ["mine"]


def old_site(site: Cluster, *inventories: dict[str, Any]) -> None:
    reads(site, INVENTORIES, {"items": list(inventories)})


def test_what_owners_have_in_other_namespaces_is_told(site: Cluster) -> None:
    engine = applied("vllm", "old", "apps/v1 Deployment old/engine", "v1 Service old/engine")
    gateway = applied("litellm", "old", "v1 Service old/litellm", "v1 PersistentVolumeClaim old/data")
    other = {**gateway, "metadata": {**gateway["metadata"], "name": "litellm-config"}}
    here = applied("vllm", "ml", "apps/v1 Deployment ml/engine")
    old_site(site, here, gateway, engine, other, applied("web", "shop", "v1 Service shop/web"))
    ours = INVENTORIES.partition("?")[2] + "+in+%28litellm%2Cvllm%29"  # in (litellm,vllm)
    gpu = {"spec": {"containers": [{"resources": {"limits": {"nvidia.com/gpu": 1}}}]}}
    deployments = [
        {"metadata": {"name": "engine", "labels": OURS}, "spec": {"replicas": 1, "template": gpu}},
        {"metadata": {"name": "off", "labels": OURS}, "spec": {"replicas": 0, "template": gpu}},
        {"metadata": {"name": "litellm"}, "spec": {"template": {"spec": {"containers": [{}]}}}},
    ]
    reads(site, f"/apis/apps/v1/namespaces/old/deployments?{ours}", {"items": deployments})
    reads(site, f"/api/v1/namespaces/old/services?{ours}", {"items": [service("litellm", 30400, "old")]})
    run = site.ask()
    assert run.result["elsewhere"] == [
        {
            "namespace": "old",
            "owners": ["litellm", "vllm"],
            "objects": [
                "apps/v1 Deployment old/engine",
                "v1 PersistentVolumeClaim old/data",
                "v1 Service old/engine",
                "v1 Service old/litellm",
            ],
            "with_gpus": ["engine"],
            "node_ports": [30400],
            "claims": ["data"],
            "removal": "kubectl delete namespace old",
        }
    ]
    assert asked(site, INVENTORIES) == 1
    assert found(run)["stale"][0]["metadata"]["name"] == "mine"  # and nothing of the other namespace


def test_where_others_live_only_the_owners_objects_are_removed(site: Cluster) -> None:
    """A device plugin that moved leaves kube-system, and takes the class of runtimes that it shares along."""
    lines = ("apps/v1 DaemonSet kube-system/plugin", "node.k8s.io/v1 RuntimeClass /nvidia")
    old_site(site, applied("vllm", "kube-system", *lines), applied("litellm", "ml", "v1 Service ml/litellm"))
    (row,) = site.ask().result["elsewhere"]
    assert row["removal"] == (
        "kubectl -n kube-system delete configmap,daemonset -l "
        "'app.kubernetes.io/managed-by=inference.stack,inference.stack/owner in (vllm)'"
    )


@pytest.mark.parametrize("status", [403, 200])
def test_nothing_is_elsewhere(site: Cluster, status: int) -> None:
    gone = applied("vllm", "old", "v1 Service old/a")
    gone["metadata"]["deletionTimestamp"] = "2026-01-01T10:00:00Z"
    body = {"items": [applied("vllm", "ml", "v1 Service ml/a"), applied("vllm", "empty"), gone]}
    site.server.routes[f"GET {INVENTORIES}"] = lambda exchange: exchange.reply(body, status)
    assert site.ask().result["elsewhere"] == []


def test_a_tier_without_models_leaves_with_all_that_it_applied(site: Cluster) -> None:
    """The set of role ollama without models: an owner and no definitions."""
    labels = {**OURS, "inference.stack/owner": "ollama"}
    known = resources(
        ("Namespace", "namespaces", False), ("ConfigMap", "configmaps", True), ("Service", "services", True)
    )
    policies = "/apis/networking.k8s.io/v1/namespaces/ml/networkpolicies"
    lines = {
        "apps/v1 Deployment ml/ollama": "/apis/apps/v1/namespaces/ml/deployments/ollama",
        "v1 Service ml/ollama": "/api/v1/namespaces/ml/services/ollama",
        "networking.k8s.io/v1 NetworkPolicy ml/ollama": f"{policies}/ollama",
    }
    reads(site, "/api/v1", known)
    reads(site, "/apis/networking.k8s.io/v1", resources(("NetworkPolicy", "networkpolicies", True)))
    for path in lines.values():
        reads(site, path, {"metadata": {"name": "ollama", "labels": labels}})
    reads(site, "/api/v1/namespaces/ml/configmaps/inference-stack-ollama", applied("ollama", "ml", *lines))
    sets: list[dict[str, Any]] = [
        {"owner": "ollama", "namespace": "ml"},
        {"owner": "vllm", "namespace": "ml", "definitions": [DEPLOYMENT]},
    ]
    stale = site.ask_all(sets).result["owners"]["ollama"]["stale"]
    assert {row["kind"] for row in stale} == {"Deployment", "Service", "NetworkPolicy"}
