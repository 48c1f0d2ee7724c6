"""The cluster does what the roles rely on: GPU pods, pod network, DNS, policies, joining with a token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests import rehearsal_pods
from tests.rehearsal import MODEL, NAMESPACE, wait_for
from tests.rehearsal_pods import SERVE

PEERS = "net-test"


def pod(name: str, image: str, node: str, command: list[str], **spec: Any) -> dict[str, Any]:
    return rehearsal_pods.pod(name, PEERS, image, node, command, **spec)


def service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": PEERS},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


@pytest.fixture(scope="module")
def peers(cluster: Any, lab: dict[str, Any]) -> Iterator[Any]:
    """One pod and Service per host."""
    image = lab["image_references"]["litellm"]
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PEERS}},
        pod("on-server", image, "server", SERVE),
        pod("on-gpu", lab["image_references"]["vllm"], "gpu", SERVE),
        service("on-server"),
        service("on-gpu"),
    ]
    cluster.kubectl("apply -f -", json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    try:
        cluster.kubectl(f"-n {PEERS} wait pod --all --for=condition=Ready --timeout=120s")
        yield cluster
    finally:
        cluster.kubectl(f"delete namespace {PEERS} --wait=true --timeout=120s")


def fetch(cluster: Any, source: str, url: str) -> str:
    return rehearsal_pods.fetch(cluster, PEERS, source, url)


@pytest.mark.parametrize(("source", "target"), [("on-server", "on-gpu"), ("on-gpu", "on-server")])
def test_pods_of_two_hosts_reach_each_other_and_resolve_services(
    peers: Any, source: str, target: str
) -> None:
    address = peers.get(f"-n {PEERS} pod {target}")["status"]["podIP"]
    assert fetch(peers, source, f"http://{address}:8080/") == "200"
    wait_for("service", lambda: fetch(peers, source, f"http://{target}/") == "200", timeout=30)
    assert fetch(peers, source, f"http://{target}.{PEERS}.svc.cluster.local/") == "200"


def test_a_network_policy_admits_and_refuses(peers: Any) -> None:
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "only-friends", "namespace": PEERS},
        "spec": {
            "podSelector": {"matchLabels": {"app": "on-gpu"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"friend": "yes"}}}]}],
        },
    }
    peers.kubectl("apply -f -", json.dumps(policy))
    url = "http://" + peers.get(f"-n {PEERS} pod on-gpu")["status"]["podIP"] + ":8080/"
    wait_for("refusal", lambda: fetch(peers, "on-server", url).startswith("failed"), timeout=60)
    peers.kubectl(f"-n {PEERS} label pod on-server friend=yes")
    wait_for("admission", lambda: fetch(peers, "on-server", url) == "200", timeout=60)
    peers.kubectl(f"-n {PEERS} delete networkpolicy only-friends")


def test_the_engine_pod_sees_its_gpu(cluster: Any) -> None:
    found = cluster.get(f"-n {NAMESPACE} pods -l app=vllm-server --field-selector=status.phase=Running")[
        "items"
    ]
    assert len(found) == 1
    spec = found[0]["spec"]
    assert spec["runtimeClassName"] == "nvidia"
    assert spec["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    listed = cluster.kubectl(f"-n {NAMESPACE} exec {found[0]['metadata']['name']} -- ls /dev")
    assert "nvidia0" in listed.split()


def test_a_second_gpu_pod_waits_for_the_card(peers: Any, lab: dict[str, Any]) -> None:
    wanted = pod(
        "second",
        lab["image_references"]["vllm"],
        "gpu",
        ["sleep", "600"],
        runtimeClassName="nvidia",
        container={"resources": {"limits": {"nvidia.com/gpu": "1"}}},
    )
    peers.kubectl("apply -f -", json.dumps(wanted))

    def reason() -> str:
        status = peers.get(f"-n {PEERS} pod second")["status"]
        return next((c["message"] for c in status.get("conditions", []) if c["type"] == "PodScheduled"), "")

    assert "Insufficient nvidia.com/gpu" in wait_for("scheduling", reason, timeout=60)
    peers.kubectl(f"-n {PEERS} delete pod second --wait=true")


def test_an_agent_with_a_wrong_token_is_refused(cluster: Any, lab: dict[str, Any]) -> None:
    """In namespaces with folders of their own, so that the host's k3s is not touched."""
    url = f"https://{lab['hosts']['server']['address']}:6443"
    agent = f"k3s agent --config /dev/null --server {url} --token wrong-token --node-name intruder"
    folders = "mount -t tmpfs none /run && mount -t tmpfs none /var/lib/rancher"
    done = cluster.server.run(
        f"timeout 30 unshare --mount --pid --fork --mount-proc sh -c '{folders} && {agent}' 2>&1"
    )
    assert done.rc == 124, f"it should keep trying, not end with {done.rc}: {done.stdout[-500:]}"
    assert "not authorized" in done.stdout, done.stdout[-500:]
    names = [node["metadata"]["name"] for node in cluster.get("nodes")["items"]]
    assert sorted(names) == ["gpu", "server"]


def test_the_deployment_is_what_the_home_lab_site_asks_for(cluster: Any) -> None:
    deployment = cluster.get(f"-n {NAMESPACE} deployment vllm-tiny-qwen3")
    spec = deployment["spec"]["template"]["spec"]
    container = spec["containers"][0]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
    assert deployment["spec"]["strategy"]["type"] == "Recreate"
    assert spec["nodeSelector"]["nvidia.com/gpu"] == "true"
    assert any(t.get("key") == "gpu" and t.get("effect") == "NoSchedule" for t in spec["tolerations"])
    assert mounts["/dev/shm"]["emptyDir"]["medium"] == "Memory"
    assert any(v.get("hostPath", {}).get("path") == "/var/lib/vllm/huggingface" for v in volumes.values())
    assert spec["enableServiceLinks"] is False
    assert MODEL in container["args"]
    assert deployment["metadata"]["labels"]["app.kubernetes.io/name"] == "vllm"
    assert "app.kubernetes.io/part-of" in deployment["metadata"]["labels"]


def test_the_stable_service_reaches_the_engine(cluster: Any) -> None:
    api = cluster.get(f"-n {NAMESPACE} service vllm-api")
    assert api["spec"]["type"] == "ClusterIP"
    assert [port["port"] for port in api["spec"]["ports"]] == [8000]
    endpoints = cluster.get(f"-n {NAMESPACE} endpointslices -l kubernetes.io/service-name=vllm-api")["items"]
    assert sum(len(item["endpoints"] or []) for item in endpoints) == 1
