"""What a pod does before it serves, in the words that people wait with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster.stages import duration, line, stage

from tests.unit.plugins.module_utils.cluster.waited_pods import (
    CREATING,
    DONE,
    FAILED,
    FETCHES,
    IMAGE,
    INITIALIZING,
    PULLS,
    RUNNING,
    condition,
    container,
    event,
    pod,
    unschedulable,
)

NOW = datetime(2026, 1, 31, 12, 3, tzinfo=UTC)
PULLING = f"pod p: pulling image {IMAGE}"
BACK_OFF = {"waiting": {"reason": "ImagePullBackOff"}}
COMPANION = {"initContainers": [{"name": "proxy", "restartPolicy": "Always"}]}


@pytest.mark.parametrize(
    ("found", "events", "told", "fetching"),
    [
        (PULLS, [event("Pulling")], f"{PULLING} since 3 min", True),
        (PULLS, [event("Scheduled"), event("Pulling", 1), event("Pulled", 9)], "pod p: starts", False),
        # In one second the end comes after the beginning.
        (PULLS, [event("Pulling", 1), event("Pulled", 1)], "pod p: starts", False),
        # Another container's image is there already.
        (PULLS, [event("Pulling", 1), event("Pulled", 2, "other")], f"{PULLING} since 2 min", True),
        (PULLS, [], "pod p: starts", False),
        # Events are forgotten after an hour.
        (
            pod(container("vllm", CREATING), conditions=(condition("PodReadyToStartContainers"),)),
            [],
            PULLING,
            True,
        ),
        (
            pod(container("vllm", CREATING), conditions=(condition("PodReadyToStartContainers", False),)),
            [],
            "pod p: starts",
            False,
        ),
        (pod(container("vllm", BACK_OFF)), [event("Pulling"), event("Failed", 3)], "ImagePullBackOff", False),
        (pod(container("vllm", BACK_OFF)), [event("BackOff"), event("Pulling", 3)], PULLING, True),
        (
            FETCHES,
            [event("Pulled", 0, "fetch-model", True)],
            "init container fetch-model runs since 3 min",
            True,
        ),
        (
            pod(container("vllm", INITIALIZING), init=(container("fetch-model", INITIALIZING, "busybox"),)),
            [event("Pulling", 0, "fetch-model", True)],
            "pulling image busybox",
            True,
        ),
        (
            pod(container("vllm", INITIALIZING), init=(container("fetch-model", DONE),)),
            [event("Pulled", 0, "fetch-model", True), event("Pulling", 5)],
            PULLING,
            True,
        ),
        (
            pod(container("vllm", INITIALIZING), init=(container("fetch-model", FAILED),)),
            [],
            "init container fetch-model ended with exit code 2",
            False,
        ),
        # A companion never ends, and is no preparation.
        (
            pod(container("vllm", RUNNING), init=(container("proxy", RUNNING),), spec=COMPANION),
            [],
            "container vllm runs and is not ready since 3 min",
            False,
        ),
        (
            pod(container("proxy", RUNNING, ready=True), container("vllm", RUNNING)),
            [],
            "container vllm runs and is not ready",
            False,
        ),
        (
            unschedulable(
                "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: true}. preemption: 0/1 …"
            ),
            [],
            "pod p: waits for a node: 0/1 nodes available: 1 untolerated taint {gpu: true}",
            False,
        ),
        (pod(), [], "pod p: starts", False),
    ],
)
def test_what_a_pod_does(found: Any, events: list[Any], told: str, fetching: bool) -> None:
    seen = stage(found, events)
    assert seen is not None
    assert told in seen.sentence(NOW)
    assert seen.fetching is fetching


@pytest.mark.parametrize(
    "found",
    [
        pod(conditions=(condition("Ready"),)),
        pod(phase="Succeeded"),
        {**PULLS, "metadata": {"name": "p", "deletionTimestamp": "now"}},
    ],
)
def test_pods_that_are_there_or_leave_do_nothing(found: Any) -> None:
    assert stage(found) is None


def test_a_job_runs_until_it_ends_by_itself() -> None:
    found = pod(container("fetch", RUNNING, ready=True), conditions=(condition("Ready"),))
    found["metadata"]["ownerReferences"] = [{"kind": "Job"}]
    seen = stage(found)
    assert seen is not None
    assert seen.sentence(NOW, "3 of 9 GB") == "pod p: container fetch runs since 3 min: 3 of 9 GB"
    assert (seen.log, seen.fetching) == ("fetch", True)


def test_a_clock_that_is_behind_counts_nothing() -> None:
    seen = stage(PULLS, [event("Pulling", 59)])
    assert seen is not None
    assert seen.sentence(datetime(2026, 1, 31, 11, tzinfo=UTC)).endswith("since 0 s")


@pytest.mark.parametrize(("seconds", "told"), [(12.9, "12 s"), (200, "3 min"), (3900, "1 h 5 min")])
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_many_pods_are_counted() -> None:
    assert line("w", "0 of 5", list("abcde")) == "w: 0 of 5; a; b; c; 2 more"
    assert line("w", "0 of 1", ["a"]) == "w: 0 of 1; a"
