"""How the role vllm has models fetched: by a Job, and again before an engine starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.roles.cluster_roles import QWEN, container_of, environment_of, one, pod_of, rendered

PROGRAMS = Path(__file__).resolve().parents[3] / "roles/vllm/files"
REPOSITORIES = [
    {"repository": "Qwen/Qwen3-8B-AWQ", "revision": "abc123"},
    {"repository": "Qwen/Qwen3-8B", "revision": "", "weights": False},
]
MODEL = {**QWEN, "environment": {}, "repositories": REPOSITORIES}


def changes(**more: Any) -> str:
    return json.dumps({"vllm_models": [MODEL], **more})


def jobs(changed: str) -> list[dict[str, Any]]:
    return [item for item in rendered(changed)["vllm"] if item["kind"] == "Job"]


def test_the_job_and_the_engine_fetch_the_same_in_the_same_way() -> None:
    (job,) = jobs(changes())
    fetching = container_of(job)
    assert fetching["command"][-3:] == ["Qwen/Qwen3-8B-AWQ@abc123", "--tokenizer", "Qwen/Qwen3-8B"]
    engine = one("vllm", "Deployment", "vllm-qwen3-8b-awq", changes())
    assert pod_of(engine)["initContainers"][0] == fetching
    assert fetching["image"] == container_of(engine)["image"]
    script = one("vllm", "ConfigMap", "fetch-model", changes())
    names = ("fetch_model.py", "fetch_progress.py", "hub_cache.py")
    programs = {name: (PROGRAMS / name).read_text("utf-8").rstrip("\n") for name in names}
    assert script["data"] == programs
    # Another version of it restarts no engine.
    assert script["metadata"]["annotations"] == {"inference.stack/reloaded": "true"}


def test_an_engine_asks_nobody_and_what_fetches_its_model_does() -> None:
    (job,) = jobs(changes())
    assert "HF_HUB_OFFLINE" not in environment_of(job)
    assert environment_of(job)["HF_TOKEN"] == {"secretKeyRef": {"name": "vllm-hf-token", "key": "token"}}
    engine = one("vllm", "Deployment", "vllm-qwen3-8b-awq", changes())
    assert environment_of(engine)["HF_HUB_OFFLINE"] == "1"
    # A site without the Internet says so, and nothing asks.
    alone = changes(vllm_environment={"HF_HUB_OFFLINE": "1"})
    assert environment_of(jobs(alone)[0])["HF_HUB_OFFLINE"] == "1"


def test_no_service_or_policy_of_the_engines_takes_a_job_for_one() -> None:
    (job,) = jobs(changes())
    assert job["spec"]["template"]["metadata"]["labels"]["app"] != "vllm-server"
    # And it needs no GPU, so that it runs beside the engine of another mode.
    assert "limits" not in container_of(job)["resources"]
    assert "runtimeClassName" not in pod_of(job)


def test_a_job_lands_where_its_engine_will() -> None:
    (job,) = jobs(changes())
    engine = pod_of(one("vllm", "Deployment", "vllm-qwen3-8b-awq", changes()))
    assert pod_of(job)["nodeSelector"] == engine["nodeSelector"]
    assert pod_of(job)["tolerations"] == engine["tolerations"]


def test_each_node_with_a_cache_of_its_own_gets_a_job() -> None:
    nodes = ["gpu-box.house", "other"]
    several = jobs(changes(vllm_models=[{**MODEL, "cache_nodes": nodes}]))
    (alone,) = jobs(changes())
    for job, node in zip(several, nodes, strict=True):
        hostname = {"kubernetes.io/hostname": node}
        assert pod_of(job)["nodeSelector"] == {**pod_of(alone)["nodeSelector"], **hostname}
        assert job["metadata"]["labels"]["inference.stack/node"] == node
        assert container_of(job) == container_of(alone)
        # The name is also that of its pods, which are no domain.
        assert "." not in job["metadata"]["name"]
        assert node.split(".")[0] in job["metadata"]["name"]
    assert len({job["metadata"]["name"] for job in (alone, *several)}) == 3


@pytest.mark.parametrize(
    "more",
    [
        {"vllm_models": [{**MODEL, "cache_nodes": ["one"]}]},
        {"vllm_models": [{**MODEL, "cache_nodes": ["one", "two"]}], "vllm_cache_claim_size": "200Gi"},
    ],
)
def test_one_cache_is_filled_by_one_job_wherever_it_runs(more: dict[str, Any]) -> None:
    (job,) = jobs(changes(**more))
    assert pod_of(job)["nodeSelector"] == pod_of(jobs(changes())[0])["nodeSelector"]


@pytest.mark.parametrize(
    "changed",
    [
        {"vllm_image": "vllm/vllm-openai:v0.11.0"},
        {"vllm_cache_path": "/srv/models"},
        {"vllm_environment": {"HF_ENDPOINT": "https://hub.example.com"}},
        {"vllm_node_selector": {"gpu": "yes"}},
        {"vllm_models": [{**MODEL, "repositories": REPOSITORIES[:1]}]},
    ],
)
def test_a_job_of_other_content_has_another_name(changed: dict[str, Any]) -> None:
    """The API server refuses to change a Job."""
    names = {jobs(text)[0]["metadata"]["name"] for text in (changes(), changes(**changed))}
    assert len(names) == 2


def test_a_claim_takes_the_place_of_the_hosts_folder() -> None:
    claimed = changes(vllm_cache_claim_size="200Gi", vllm_cache_storage_class="fast")
    claim = one("vllm", "PersistentVolumeClaim", "vllm-models", claimed)["spec"]
    assert claim == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "200Gi"}},
    }
    for workload in (one("vllm", "Deployment", "vllm-qwen3-8b-awq", claimed), *jobs(claimed)):
        volumes = {volume["name"]: volume for volume in pod_of(workload)["volumes"]}
        assert volumes["cache"]["persistentVolumeClaim"] == {"claimName": "vllm-models"}


def test_engines_may_fetch_by_themselves() -> None:
    own = changes(vllm_fetch_models=False)
    engine = one("vllm", "Deployment", "vllm-qwen3-8b-awq", own)
    assert [row["name"] for row in pod_of(engine)["initContainers"]] == ["watchdog"]
    assert "HF_HUB_OFFLINE" not in environment_of(engine)
    programs = [item for item in rendered(own)["vllm"] if item["kind"] in ("Job", "ConfigMap")]
    assert [item["metadata"]["name"] for item in programs] == ["engine-watchdog"]
