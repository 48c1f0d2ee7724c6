"""Everything runs on one node, and both of its tiers answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.rehearsal import MODEL, Cluster, Gateway


def test_there_is_one_node_without_a_taint(cluster: Cluster) -> None:
    (node,) = cluster.get("nodes")["items"]
    assert "taints" not in node["spec"]
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "1"


def test_no_pod_waits_for_a_node(cluster: Cluster) -> None:
    pods = cluster.get("pods --all-namespaces")["items"]
    waiting = [pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] == "Pending"]
    assert (len(pods) >= 5, waiting) == (True, [])


def test_every_model_kept_its_contract(state: Path) -> None:
    proof = json.loads((state / "proof.json").read_text("utf-8"))
    assert [(row["model"], row["tier"], row["fulfilled"]) for row in proof["contracts"]] == [
        (MODEL, "gpu", True)
    ]


@pytest.mark.parametrize("name", [MODEL, "tiny-llama"])
def test_each_tier_answers(gateway: Gateway, name: str) -> None:
    answer = gateway.chat(model=name)
    assert answer.status_code == 200, answer.text
    assert answer.json()["usage"]["completion_tokens"] == 8


def test_the_model_came_from_the_hub(cluster: Cluster, gpu: Any, lab: dict[str, Any]) -> None:
    (job,) = cluster.get("-n ml jobs")["items"]
    assert job["status"]["succeeded"] == 1
    told = cluster.kubectl(f"-n ml logs job/{job['metadata']['name']}")
    assert "complete and verified" in told
    revision = lab["artefacts"]["vllm_model"]["revision"]
    assert gpu.file(f"/var/lib/vllm/huggingface/hub/models--lab--tiny-qwen3/.verified/{revision}").exists


def test_a_line_that_broke_three_times_cost_a_chunk_each(lab: dict[str, Any]) -> None:
    served = requests.get(f"{lab['hub']}/served", timeout=10).json()
    size = 24_000_000
    assert size < served["lab/tiny-qwen3/filler.dat"] <= size + 3 * 2**20


def test_the_startup_probe_saw_nothing_of_the_download(cluster: Cluster) -> None:
    (engine,) = (
        pod
        for pod in cluster.get("-n ml pods -l app=vllm-server")["items"]
        if pod["status"]["phase"] == "Running"
    )
    statuses = engine["status"]
    assert [row["restartCount"] for row in statuses["initContainerStatuses"]] == [0]
    assert [row["restartCount"] for row in statuses["containerStatuses"]] == [0]


def test_the_k3s_of_somebody_else_kept_its_options_and_its_data(cluster: Cluster, gpu: Any) -> None:
    (node,) = cluster.get("nodes")["items"]
    assert node["metadata"]["labels"]["owner"] == "somebody"
    assert cluster.get("-n default configmap mine")["data"] == {"a": "b"}
    with gpu.sudo():
        kept = gpu.file("/etc/rancher/k3s/config.yaml.d/00-adopted.yaml")
        assert "owner=somebody" in kept.content_string


def test_the_firewall_is_on_and_lets_through_what_the_site_needs(gpu: Any) -> None:
    with gpu.sudo():
        assert "Status: active" in gpu.check_output("ufw status")
        added = gpu.check_output("ufw show added").splitlines()
    assert {"ufw allow 22/tcp", "ufw allow 6443/tcp", "ufw allow from 10.42.0.0/16"} <= set(added)
