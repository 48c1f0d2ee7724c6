"""Whoever waits says what for, and clocks run only where something hangs."""

from __future__ import annotations

from itertools import pairwise

from tests.unit.plugins.module_utils.cluster.scripted_cluster import THERE, Moment, ScriptedCluster
from tests.unit.plugins.module_utils.cluster.waited_pods import (
    CREATING,
    FETCHES,
    PULLS,
    RUNNING,
    container,
    event,
    pod,
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
