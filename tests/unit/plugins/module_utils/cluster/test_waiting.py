"""Whoever waits says what for, and clocks run only where something hangs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster.api import Refused
from ansible_collections.inference.stack.plugins.module_utils.errors import DeadlineExceeded, ProbeFailed

from tests.unit.plugins.module_utils.cluster.scripted_cluster import NOT_THERE, THERE, Moment, ScriptedCluster
from tests.unit.plugins.module_utils.cluster.waited_pods import (
    CREATING,
    FETCHES,
    PULLS,
    RUNNING,
    container,
    event,
    pod,
    unschedulable,
)

PULLING = [event("Pulling")]
LOADS = pod(container("vllm", RUNNING))


def test_what_changes_is_said_and_what_lasts_is_repeated() -> None:
    cluster = ScriptedCluster(
        Moment(0, pod(container("vllm", CREATING))),
        Moment(10, PULLS, events=PULLING),
        Moment(90, LOADS),
        Moment(100, found=THERE),
    )
    cluster.rollout().wait(600)
    words = [line for _, line in cluster.said]
    assert words[0] == "d: 0 of 1 pods are available; pod p: starts"
    assert all(
        line.startswith("d: 0 of 1 pods are available; pod p: pulling image vllm/") for line in words[1:-1]
    )
    assert len(words) == 5
    assert "container vllm runs and is not ready" in words[-1]
    moments = [moment for moment, _ in cluster.said]
    assert 3 <= moments[0] < 7
    assert all(30 <= later - sooner < 35 for sooner, later in pairwise(moments[1:4]))


def test_what_is_done_in_no_time_needs_no_words() -> None:
    cluster = ScriptedCluster(Moment(0, PULLS, events=PULLING), Moment(2, found=THERE))
    cluster.rollout().wait(600)
    assert cluster.said == []


def test_an_init_container_is_quoted_without_its_secrets() -> None:
    log = "from https://me:swordfish@mirror/x hf_abcdefgh\n3 of 9 GB, 40 MB/s, 2 min left hf_abcdefgh http://a:b@c/\n\n"
    cluster = ScriptedCluster(Moment(0, FETCHES, log=log), Moment(5, found=THERE))
    cluster.rollout().wait(600)
    ((_, words),) = cluster.said
    assert "init container fetch-model runs since" in words
    assert words.endswith(": 3 of 9 GB, 40 MB/s, 2 min left hf-*** http://***@c/")


# A controller that has given up waiting looks on all the same.
GIVEN_UP = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
TOO_LATE = {**NOT_THERE, "status": {"observedGeneration": 1, "updatedReplicas": 1, "conditions": [GIVEN_UP]}}


@pytest.mark.parametrize("found", [NOT_THERE, TOO_LATE], ids=["waits", "progress-deadline"])
def test_the_clock_starts_when_image_and_model_are_there(found: dict[str, Any]) -> None:
    cluster = ScriptedCluster(
        Moment(0, PULLS, events=PULLING, found=found),
        Moment(3000, FETCHES, found=found),
        Moment(9000, LOADS, found=found),
        Moment(9050, found=THERE),
    )
    cluster.rollout().wait(60)
    assert cluster.now < 9060


def test_the_deadline_says_how_long_it_pulled_before() -> None:
    cluster = ScriptedCluster(Moment(0, PULLS, events=PULLING), Moment(3000, LOADS))
    with pytest.raises(DeadlineExceeded) as caught:
        cluster.rollout().wait(60)
    assert 3055 < cluster.now < 3070
    told = str(caught.value)
    assert told.startswith("Not rolled out within 60 seconds, besides 49 min for images and preparations.")
    assert "runs but is not ready" in told


@pytest.mark.parametrize(
    ("found", "events", "doing"),
    [
        (PULLS, PULLING, "  pod p: pulling image vllm/vllm-openai:v0.8.5 since "),
        (FETCHES, [], ": 3 of 9 GB"),
    ],
)
def test_what_never_arrives_has_a_bound_of_its_own(found: Any, events: list[Any], doing: str) -> None:
    cluster = ScriptedCluster(Moment(0, found, events=events, log="3 of 9 GB"))
    with pytest.raises(DeadlineExceeded) as caught:
        cluster.rollout().wait(60, fetch_timeout=7200)
    assert 7200 <= cluster.now < 7210
    told = str(caught.value)
    assert told.startswith("Images or models are still on their way after 2 h 0 min.")
    assert doing in told
    assert "a second run goes on. cluster_objects_fetch_timeout waits longer" in told


def test_backing_off_counts() -> None:
    """Between two attempts nothing is on its way."""
    refused = pod(container("vllm", {"waiting": {"reason": "ImagePullBackOff", "message": "timeout"}}))
    cluster = ScriptedCluster(
        *(
            Moment(number * 100 + start, refused, events=[event(reason, number * 2 + later)])
            for number in range(20)
            for start, reason, later in ((0, "Pulling", 0), (50, "BackOff", 1))
        )
    )
    with pytest.raises(DeadlineExceeded, match="Not rolled out within 120 seconds"):
        cluster.rollout().wait(120)
    assert 250 < cluster.now < 300


def test_a_deadline_of_no_time_looks_once() -> None:
    cluster = ScriptedCluster(Moment(0, LOADS))
    with pytest.raises(DeadlineExceeded, match="within 0 seconds"):
        cluster.rollout().wait(0)
    assert cluster.now == 0


TAINT = {"key": "gpu", "value": "true", "effect": "NoSchedule"}
NODES = [{"metadata": {"name": "box"}, "spec": {"taints": [TAINT]}}]
REFUSED = unschedulable("0/1 nodes are available: 1 node(s) had untolerated taint(s). preemption: none")
NO_ROOM = unschedulable("0/1 nodes are available: 1 Insufficient cpu. preemption: none")
LEAVES = {"metadata": {"name": "old", "deletionTimestamp": "now"}, "status": {}}


def test_a_pod_that_no_node_will_take_fails_soon_and_names_the_variable() -> None:
    cluster = ScriptedCluster(Moment(0, REFUSED), nodes=NODES)
    with pytest.raises(ProbeFailed) as caught:
        cluster.rollout().wait(600)
    assert 30 <= cluster.now < 40
    told = str(caught.value)
    assert "Deployment ml/d 0 of 1 pods are available." in told
    assert "Node box has the taint gpu=true:NoSchedule" in told
    assert "vllm_tolerations" in told and "k3s_node_taints" in told


def test_a_refusal_that_ends_in_time_is_forgotten() -> None:
    cluster = ScriptedCluster(
        Moment(0, REFUSED), Moment(20, LOADS), Moment(30, REFUSED), Moment(50, found=THERE), nodes=NODES
    )
    cluster.rollout().wait(600)
    assert cluster.now >= 50


def test_what_leaves_may_make_room() -> None:
    cluster = ScriptedCluster(Moment(0, NO_ROOM, LEAVES), Moment(100, NO_ROOM), nodes=NODES)
    with pytest.raises(ProbeFailed, match="asks for more cpu"):
        cluster.rollout().wait(600)
    assert 130 <= cluster.now < 140


def test_who_may_not_read_nodes_waits_on() -> None:
    class Namespaced(ScriptedCluster):
        def get(self, path: str, query: Any = None) -> Any:
            if path == "/api/v1/nodes" or path.endswith("/events"):
                raise Refused("forbidden", 403)
            return super().get(path, query)

    cluster = Namespaced(Moment(0, REFUSED), Moment(100, PULLS), Moment(110, found=THERE), nodes=NODES)
    cluster.rollout().wait(600)
    assert 110 <= cluster.now < 120
