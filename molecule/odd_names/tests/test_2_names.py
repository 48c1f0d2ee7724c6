"""Everything has the names and ports that the inventory chose, and nothing has a default one."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from ansible_collections.inference.stack.plugins.plugin_utils.planning.parts import DEFAULT_CACHE, ROWS

from tests.rehearsal import GATEWAY_PORT, NAMESPACE, Cluster


def name(thing: dict[str, Any]) -> str:
    return str(thing["metadata"]["name"])


@pytest.fixture(scope="module")
def services(cluster: Cluster) -> list[dict[str, Any]]:
    """The Services of all namespaces."""
    found: list[dict[str, Any]] = cluster.get("services -A")["items"]
    return found


def test_the_services_are_those_that_the_inventory_names(
    services: list[dict[str, Any]], names: dict[str, Any]
) -> None:
    found = {
        name(row): [(port["port"], port.get("nodePort", 0)) for port in row["spec"]["ports"]]
        for row in services
        if row["metadata"]["namespace"] in ("llm-site", "gpu-system")
    }
    assert found == {
        names["litellm_service_name"]: [(names["litellm_port"], names["litellm_node_port"])],
        names["vllm_service_name"]: [(names["vllm_port"], 0)],
        names["ollama_service_name"]: [(names["ollama_port"], 0)],
        "model-4o-tiny-qwen3-inference": [(names["vllm_port"], 0)],
    }


def test_no_service_has_a_default_name_or_port(services: list[dict[str, Any]]) -> None:
    assert {name(row) for row in services}.isdisjoint(row.service for row in ROWS if row.service)
    ports = [port for row in services for port in row["spec"]["ports"]]
    node_ports = {port["nodePort"] for port in ports if port.get("nodePort")}
    assert {port["port"] for port in ports}.isdisjoint(row.port for row in ROWS if row.port)
    assert node_ports.isdisjoint(row.node_port for row in ROWS if row.node_port)


def test_nothing_listens_on_a_default_port(cluster: Cluster, lab: dict[str, Any]) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://{lab['hosts']['server']['address']}:{GATEWAY_PORT}/v1/models", timeout=5)
    defaults = {row.port for row in ROWS if row.port}
    for pod in cluster.get("-n llm-site pods")["items"]:
        for container in pod["spec"]["containers"]:
            assert {port["containerPort"] for port in container.get("ports", [])}.isdisjoint(defaults), name(
                pod
            )


def test_nothing_lies_in_a_default_namespace(cluster: Cluster, names: dict[str, Any]) -> None:
    assert NAMESPACE not in {name(row) for row in cluster.get("namespaces")["items"]}
    plugins = cluster.get("daemonsets -A -l app.kubernetes.io/name=nvidia-device-plugin")["items"]
    assert [row["metadata"]["namespace"] for row in plugins] == [names["device_plugin_namespace"]]
    owned = cluster.get("deployments,daemonsets,services,configmaps -A -l inference.stack/owner")["items"]
    assert {row["metadata"]["namespace"] for row in owned} == {"llm-site", "gpu-system"}


def test_the_model_lies_in_the_odd_folder_alone(gpu: Any, lab: dict[str, Any], names: dict[str, Any]) -> None:
    revision = lab["artefacts"]["vllm_model"]["revision"]
    snapshot = f"{names['vllm_cache_path']}/hub/models--lab--tiny-qwen3/snapshots/{revision}"
    assert gpu.file(f"{snapshot}/model.safetensors").size > 1000
    assert not gpu.file(DEFAULT_CACHE).exists


def test_the_nodes_have_names_of_their_own(cluster: Cluster, nodes: dict[str, str]) -> None:
    assert {name(row) for row in cluster.get("nodes")["items"]} == set(nodes.values())
    (engine,) = cluster.get("-n llm-site pods -l app=vllm-server --field-selector=status.phase=Running")[
        "items"
    ]
    assert engine["spec"]["nodeName"] == nodes["gpu"]
    assert cluster.get(f"node {nodes['gpu']}")["status"]["allocatable"]["nvidia.com/gpu"] == "1"


def test_the_gpus_are_described_for_the_other_mode(gpu: Any) -> None:
    assert gpu.file("/etc/nvidia-container-runtime/config.toml").contains('^mode = "cdi"')
    assert gpu.file("/etc/cdi/nvidia.yaml").contains("nvidia.com/gpu")
