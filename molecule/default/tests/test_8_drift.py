"""What somebody changed by hand is told, and no pod goes on with the configuration of somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal import NAMESPACE, Cluster, play, recap, wait_for

GATEWAY = "deployment/litellm"


def pod_of_gateway(cluster: Cluster) -> str:
    found = cluster.get(f"-n {NAMESPACE} pods -l app.kubernetes.io/name=litellm")["items"]
    names = [pod["metadata"]["name"] for pod in found if not pod["metadata"].get("deletionTimestamp")]
    return str(names[0]) if len(names) == 1 else ""


@pytest.fixture
def inventory(request: pytest.FixtureRequest) -> Any:
    return request.config.getoption("--ansible-inventory")


def environment(cluster: Cluster) -> list[str]:
    (container,) = cluster.get(f"-n {NAMESPACE} {GATEWAY}")["spec"]["template"]["spec"]["containers"]
    return [row["name"] for row in container["env"]]


def test_a_foreign_field_is_told_by_plan_and_doctor(inventory: Any, cluster: Cluster) -> None:
    cluster.kubectl(f"-n {NAMESPACE} set env {GATEWAY} ADDED_BY_HAND=1")
    cluster.kubectl(f"-n {NAMESPACE} rollout status {GATEWAY} --timeout=180s")
    try:
        for verb in ("plan", "doctor"):
            done = play(inventory, verb, {})
            assert done.returncode == 0, done.stdout[-3000:]
            assert "env[ADDED_BY_HAND]" in done.stdout.replace("\n", "").replace(" ", ""), done.stdout[-3000:]
        told = play(inventory, "site", {}, "--tags", "cluster", timeout=600)
        assert told.returncode == 0, told.stdout[-3000:]
        assert "env[ADDED_BY_HAND]" in told.stdout
        assert "ADDED_BY_HAND" in environment(cluster), "a run leaves what somebody else added"
    finally:
        cluster.kubectl(f"-n {NAMESPACE} set env {GATEWAY} ADDED_BY_HAND-")
        cluster.kubectl(f"-n {NAMESPACE} rollout status {GATEWAY} --timeout=180s")


def test_a_pod_with_a_foreign_configuration_starts_again(inventory: Any, cluster: Cluster) -> None:
    patch = '{"data": {"aliases.json": "{}"}}'
    cluster.kubectl(f"-n {NAMESPACE} patch configmap litellm --type=merge -p '{patch}'")
    cluster.kubectl(f"-n {NAMESPACE} rollout restart {GATEWAY}")
    cluster.kubectl(f"-n {NAMESPACE} rollout status {GATEWAY} --timeout=180s")
    foreign = wait_for("one pod", lambda: pod_of_gateway(cluster))

    done = play(inventory, "site", {}, "--tags", "cluster", timeout=600)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "ConfigMap litellm changes" in done.stdout
    assert wait_for("one pod", lambda: pod_of_gateway(cluster)) != foreign
    aliases = cluster.get(f"-n {NAMESPACE} configmap litellm")["data"]["aliases.json"]
    assert "vllm-tiny" in aliases

    again = play(inventory, "site", {}, "--tags", "cluster", timeout=600)
    assert again.returncode == 0, again.stdout[-3000:]
    assert "changed=0" in recap(again.stdout, "localhost")
