"""How long a pod took to serve, and when that cannot be told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster.start_times import (
    is_ready,
    start_seconds,
)


def pod(
    started: str | None = "2026-01-01T10:00:00Z",
    ready: str | None = "2026-01-01T10:01:27Z",
    probe: dict[str, int] | None = None,
) -> dict[str, Any]:
    running = {"running": {"startedAt": started}} if started else {"waiting": {"reason": "ImagePullBackOff"}}
    condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": ready}
    container = {"name": "vllm", **({"startupProbe": probe} if probe else {})}
    return {
        "spec": {"containers": [container]},
        "status": {"conditions": [condition], "containerStatuses": [{"name": "vllm", "state": running}]},
    }


PATIENT = {"periodSeconds": 10, "failureThreshold": 12}


@pytest.mark.parametrize("probe", [None, PATIENT])
def test_from_the_start_of_the_container_to_readiness(probe: dict[str, int] | None) -> None:
    assert start_seconds(pod(probe=probe), "vllm") == 87
    assert is_ready(pod())


@pytest.mark.parametrize(
    "unknown",
    [
        {},
        {"status": {}},
        pod(ready=None),
        pod(started=None),
        pod(started="yesterday"),
        pod(ready="2026-01-01T09:00:00Z"),
    ],
    ids=["nothing", "no status", "not ready", "not running", "no time", "ready before it started"],
)
def test_what_cannot_be_told_is_not_guessed(unknown: dict[str, Any]) -> None:
    assert start_seconds(unknown, "vllm") is None


def test_another_container_says_nothing() -> None:
    assert start_seconds(pod(), "sidecar") is None


def test_readiness_that_came_back_later_is_no_start() -> None:
    """The startup probe would have given up after two minutes."""
    assert start_seconds(pod(ready="2026-01-01T10:30:00Z", probe=PATIENT), "vllm") is None
    slow = {"periodSeconds": 10, "failureThreshold": 180}
    assert start_seconds(pod(ready="2026-01-01T10:30:00Z", probe=slow), "vllm") == 1800
