"""Everything runs on one node, and both of its tiers answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

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
