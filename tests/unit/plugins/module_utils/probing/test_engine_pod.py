"""What the cluster knows of an engine is told, and never hides what a probe saw."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import ProbeFailed, Unreachable
from ansible_collections.inference.stack.plugins.module_utils.probing.engine_pod import (
    Workload,
    require_load_time,
)

ENGINE = {
    "kind": "Deployment",
    "metadata": {"name": "engine", "generation": 1},
    "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "engine"}}},
    "status": {"observedGeneration": 1},
}


def pod(started: str, ready: str) -> dict[str, Any]:
    """A pod that serves since ``ready``, whose engine started at ``started``."""
    running = {"name": "vllm", "ready": True, "state": {"running": {"startedAt": started}}}
    conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": ready}]
    return {
        "metadata": {"name": "p"},
        "status": {"containerStatuses": [running], "conditions": conditions},
    }


class Cluster:
    """One Deployment with some pods; ``broken`` answers nothing."""

    def __init__(self, pods: list[dict[str, Any]], broken: bool = False, exists: bool = True) -> None:
        self._pods = pods
        self._broken = broken
        self._exists = exists

    def read(self, *_identity: str) -> Any:
        if self._broken:
            raise Unreachable("the API server does not answer")
        return ENGINE if self._exists else None

    def get(self, path: str, _query: Any = None) -> Any:
        return {"items": [] if path.endswith("/events") else self._pods}

    def text(self, _path: str, _query: Any = None) -> str:
        return "torch.OutOfMemoryError: CUDA out of memory."


def workload(cluster: Cluster) -> Workload:
    return Workload(cluster, "ml", "engine", "vllm")


def test_loading_takes_as_long_as_the_slowest_pod() -> None:
    pods = [
        pod("2026-01-01T10:00:00Z", "2026-01-01T10:00:41Z"),
        pod("2026-01-01T10:00:00Z", "2026-01-01T10:01:30Z"),
    ]
    assert workload(Cluster(pods)).load_seconds() == 90


def test_nobody_knows_how_long_it_took() -> None:
    assert workload(Cluster([])).load_seconds() is None
    assert workload(Cluster([], exists=False)).load_seconds() is None


def test_loading_has_a_limit() -> None:
    require_load_time(90, 120)
    require_load_time(None, 120)
    require_load_time(500, 0)
    with pytest.raises(ProbeFailed, match=r"loading took 143 s, the promise is 120 s.*load_timeout"):
        require_load_time(143.2, 120)


def test_a_crashing_engine_is_given_up_with_its_cause() -> None:
    waiting = {"reason": "CrashLoopBackOff"}
    crashing = {"name": "vllm", "restartCount": 4, "state": {"waiting": waiting}}
    broken = {"metadata": {"name": "p"}, "status": {"containerStatuses": [crashing]}}
    assert "cause: the GPU's memory ran out" in workload(Cluster([broken])).in_vain()


def test_a_loading_engine_is_explained_but_not_given_up() -> None:
    loading = {"name": "vllm", "state": {"running": {}}, "ready": False}
    waiting = workload(Cluster([{"metadata": {"name": "p"}, "status": {"containerStatuses": [loading]}}]))
    assert waiting.in_vain() == ""
    assert "runs but is not ready" in waiting.explain()


def test_a_silent_cluster_does_not_hide_the_probe() -> None:
    silent = workload(Cluster([], broken=True))
    assert silent.in_vain() == ""
    assert "could not be read: the API server does not answer" in silent.explain()
