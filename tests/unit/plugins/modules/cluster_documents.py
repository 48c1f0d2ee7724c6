"""A cluster's answers, for the tests of the modules that read one."""

from __future__ import annotations

from typing import Any

from tests.unit.plugins.scripted_server import ScriptedServer

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
INVENTORY = {
    "data": {
        "objects": "apps/v1 Deployment ml/engine\nnonsense\n"
        "v1 Service ml/mine\nv1 Service ml/foreign\nv1 Service ml/gone\n"
    }
}
NODES = {"items": [{"metadata": {"name": "worker"}, "status": {"allocatable": {"nvidia.com/gpu": "1"}}}]}
# The list of all inventories.
INVENTORIES = (
    "/api/v1/configmaps?labelSelector="
    "app.kubernetes.io%2Fmanaged-by%3Dinference.stack%2Cinference.stack%2Fowner"
)
DOCUMENTS: dict[str, Any] = {
    "/api/v1": resources(
        ("Namespace", "namespaces", False), ("ConfigMap", "configmaps", True), ("Service", "services", True)
    ),
    "/apis/apps/v1": resources(("Deployment", "deployments", True), ("Scale", "deployments/scale", True)),
    "/api/v1/namespaces/ml": labelled("ml", {}),
    "/apis/apps/v1/namespaces/ml/deployments/engine": ENGINE,
    "/api/v1/namespaces/ml/configmaps/inference-stack-vllm": INVENTORY,
    "/api/v1/namespaces/ml/configmaps/inference-mode": {"data": {"mode": "ml"}},
    "/api/v1/namespaces/ml/services/mine": labelled("mine", OURS),
    "/api/v1/namespaces/ml/services/foreign": labelled("foreign", {"inference.stack/owner": "vllm"}),
    "/api/v1/namespaces/ml/pods?labelSelector=app%3Dengine": {"items": []},
    "/api/v1/nodes?labelSelector=gpu%3Dtrue": NODES,
}


def applied(owner: str, namespace: str, *lines: str) -> dict[str, Any]:
    """The inventory of an owner in a namespace."""
    labels = {"app.kubernetes.io/managed-by": "inference.stack", "inference.stack/owner": owner}
    metadata = {"name": f"inference-stack-{owner}", "namespace": namespace, "labels": labels}
    return {"metadata": metadata, "data": {"objects": "".join(f"{line}\n" for line in lines)}}


def ask(cluster: ScriptedServer, **more: Any) -> dict[str, Any]:
    return {"kubeconfig": kubeconfig(cluster), **more}
