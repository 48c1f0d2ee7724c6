"""Has a workload arrived, and if not, why not?"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster import rollouts
from ansible_collections.inference.stack.plugins.module_utils.cluster.node_resources import offers
from ansible_collections.inference.stack.plugins.module_utils.cluster.objects import Identity
from ansible_collections.inference.stack.plugins.module_utils.cluster.waiters import Rollout
from ansible_collections.inference.stack.plugins.module_utils.errors import DeadlineExceeded, ProbeFailed


def deployment(wanted: int | None = 1, observed: int = 1, **status: int) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "d", "generation": 1},
        "spec": {"replicas": wanted, "selector": {"matchLabels": {"app": "d", "a": "b"}}},
        "status": {"observedGeneration": observed, **status},
    }


def daemons(**status: int) -> dict[str, Any]:
    return {
        "kind": "DaemonSet",
        "metadata": {"generation": 1},
        "spec": {},
        "status": {"observedGeneration": 1, **status},
    }


def job(wanted: int | None = None, suspend: bool = False, **status: Any) -> dict[str, Any]:
    ended = status.pop("ended", "")
    if ended:
        status["conditions"] = [
            {"type": "SuccessCriteriaMet", "status": "True"},
            {"type": ended, "status": "True", "reason": "BackoffLimitExceeded", "message": "tried too often"},
        ]
    return {
        "kind": "Job",
        "metadata": {"name": "fetch", "namespace": "ml", "generation": 1},
        "spec": {
            "completions": wanted,
            "suspend": suspend,
            "selector": {"matchLabels": {"app": "d", "a": "b"}},
        },
        "status": status,
    }


def pod(name: str = "p", ready: bool = False, **status: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": str(ready)}, *status.pop("conditions", [])]
    return {"metadata": {"name": name}, "status": {"conditions": conditions, **status}}


def waiting(reason: str, message: str = "", restarts: int = 0, **more: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"containerStatuses": [{"name": "c", "restartCount": restarts, "state": state, **more}]}


@pytest.mark.parametrize(
    ("found", "done", "words"),
    [
        (None, False, "does not exist"),
        (deployment(observed=0), False, "not been processed"),
        (deployment(0), True, "scaled to 0"),
        (deployment(), False, "0 of 1 pods are of the current version"),
        (deployment(updatedReplicas=1), False, "0 of 1 pods are available"),
        (deployment(updatedReplicas=1, availableReplicas=1, replicas=2), False, "1 pods of the previous"),
        (deployment(None, updatedReplicas=1, availableReplicas=1, replicas=1), True, "1 of 1"),
        (daemons(desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=1), False, "1 of 2"),
        (daemons(desiredNumberScheduled=0), True, "0 of 0"),
        (job(active=1), False, "0 of 1 pods are complete"),
        (job(3, active=1, succeeded=2), False, "2 of 3 pods are complete"),
        (job(succeeded=1, ended="Complete"), True, "is complete"),
        (job(failed=7, ended="Failed"), False, "has failed: tried too often"),
        (job(suspend=True), True, "is suspended"),
    ],
)
def test_progress(found: Any, done: bool, words: str) -> None:
    state = rollouts.progress(found)
    assert state.done is done
    assert words in state.summary


@pytest.mark.parametrize(
    ("status", "words", "hopeless"),
    [
        (waiting("ImagePullBackOff", 'Back-off pulling image "x"'), "ImagePullBackOff: Back-off", False),
        (waiting("ErrImagePull", "x: not found"), "not found", True),
        (waiting("InvalidImageName"), "InvalidImageName", True),
        (
            waiting(
                "CrashLoopBackOff",
                restarts=4,
                lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
            ),
            "after 4 restarts: ended with OOMKilled (exit code 137)",
            True,
        ),
        (waiting("CrashLoopBackOff", restarts=1), "after 1 restarts", False),
        (
            {
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "no GPU",
                    }
                ]
            },
            "Unschedulable: no GPU",
            False,
        ),
        (
            {"containerStatuses": [{"name": "c", "state": {"running": {}}, "ready": False}]},
            "runs but is not ready",
            False,
        ),
        ({"phase": "Failed", "reason": "Evicted", "message": "disk"}, "Evicted: disk", False),
        (waiting("ContainerCreating"), "pod p: Pending", False),
    ],
)
def test_troubles(status: dict[str, Any], words: str, hopeless: bool) -> None:
    (trouble,) = rollouts.troubles([pod(**status)])
    assert words in str(trouble)
    assert trouble.hopeless is hopeless


def test_pods_that_serve_or_leave_are_no_trouble() -> None:
    leaving = pod()
    leaving["metadata"]["deletionTimestamp"] = "now"
    assert rollouts.troubles([pod(ready=True), leaving, pod(phase="Succeeded")]) == []
    assert rollouts.ready_pods([pod(ready=True), pod("q")]) == ["p"]


def test_warnings_are_the_newest_without_repetition() -> None:
    events = [
        {"type": kind, "reason": reason, "message": "m", "lastTimestamp": str(moment)}
        for moment, (kind, reason) in enumerate(
            [("Warning", "A"), ("Normal", "B"), ("Warning", "C"), ("Warning", "C")]
        )
    ]
    assert rollouts.warnings(events) == ["C: m", "A: m"]


class Cluster:
    """Answers from a script: one state of the workload per look, the last one for ever."""

    def __init__(self, states: list[Any], pods: list[Any] | None = None) -> None:
        self.states = states
        self.pods = pods or []
        self.log = "Traceback\nValueError: no"
        self.now = 0.0

    def read(self, _version: str, _kind: str, _namespace: str, _name: str) -> Any:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def get(self, path: str, query: Any = None) -> Any:
        if path.endswith("/events"):
            return {
                "items": [
                    {"type": "Warning", "reason": "Failed", "message": f"about {query['fieldSelector']}"}
                ]
            }
        assert query == {"labelSelector": "a=b,app=d"}
        return {"items": self.pods}

    def text(self, _path: str, query: Any = None) -> str:
        return self.log if query.get("previous") else "starting"

    def rollout(self) -> Rollout:
        def sleep(seconds: float) -> None:
            self.now += seconds

        return Rollout(self, [Identity("apps/v1", "Deployment", "ml", "d")], lambda: self.now, sleep)


def test_waiting_ends_when_the_workload_has_arrived() -> None:
    cluster = Cluster([None, deployment(), deployment(updatedReplicas=1, availableReplicas=1, replicas=1)])
    cluster.rollout().wait(10)
    assert cluster.now < 2


def test_the_deadline_explains_each_pod() -> None:
    cluster = Cluster([deployment()], [pod(**waiting("ImagePullBackOff", "slow registry"))])
    with pytest.raises(DeadlineExceeded) as caught:
        cluster.rollout().wait(5)
    assert "Deployment ml/d 0 of 1" in str(caught.value)
    assert "ImagePullBackOff: slow registry" in str(caught.value)
    assert "event: Failed: about involvedObject.name=p" in str(caught.value)
    assert "starting" in str(caught.value)


def test_a_crash_loop_fails_early_with_the_log_of_the_one_that_crashed() -> None:
    cluster = Cluster([deployment()], [pod(**waiting("CrashLoopBackOff", restarts=3))])
    with pytest.raises(ProbeFailed, match="ValueError: no"):
        cluster.rollout().wait(600)
    assert cluster.now == 0


def test_the_cause_is_read_far_above_the_end_of_the_log() -> None:
    cluster = Cluster([deployment()], [pod(**waiting("CrashLoopBackOff", restarts=3))])
    key = "hf_abcdefgh12345"
    cluster.log = "\n".join(
        ["RuntimeError: CUDA out of memory.", *["  at ..."] * 100, f"token {key}", "the end"]
    )
    told = cluster.rollout().in_vain()
    assert "cause: the GPU's memory ran out. Lower gpu_memory_utilization" in told
    assert "told by: RuntimeError: CUDA out of memory." in told
    assert told.endswith("the end")
    assert told.count("at ...") < 20
    assert key not in told


def test_what_still_loads_is_explained_without_waiting() -> None:
    loading: dict[str, Any] = {"containerStatuses": [{"name": "c", "state": {"running": {}}, "ready": False}]}
    cluster = Cluster([deployment()], [pod(**loading)])
    assert cluster.rollout().in_vain() == ""
    assert "runs but is not ready" in cluster.rollout().explain()
    arrived = Cluster([deployment(updatedReplicas=1, availableReplicas=1, replicas=1)])
    assert arrived.rollout().explain() == ""


def test_a_missing_runtime_class_fails_early() -> None:
    found = deployment()
    message = 'pod rejected: RuntimeClass "nvidia" not found'
    found["status"]["conditions"] = [
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    ]
    with pytest.raises(ProbeFailed, match="RuntimeClass"):
        Cluster([found]).rollout().wait(600)


def test_nodes_say_what_they_offer() -> None:
    def node(name: str, **status: Any) -> dict[str, Any]:
        return {"metadata": {"name": name}, "status": status}

    found = offers(
        [
            node("a", allocatable={"nvidia.com/gpu": "2"}),
            node("b", allocatable={"nvidia.com/gpu": "0"}, capacity={"nvidia.com/gpu": "1"}),
            node("c", conditions=[{"type": "Ready", "status": "False", "message": "no CNI"}]),
            node("d"),
        ],
        "nvidia.com/gpu",
    )
    assert found.offering == {"a": 2}
    assert set(found.lacking) == {"b", "c", "d"}
    assert "none of it healthy" in found.lacking["b"]
    assert "no CNI" in found.lacking["c"]


def tried(name: str, second: int) -> dict[str, Any]:
    """A pod of a Job that failed."""
    ended = {"name": "c", "state": {"terminated": {"exitCode": 1}}}
    found = pod(name, phase="Failed", containerStatuses=[ended])
    found["metadata"]["creationTimestamp"] = f"2026-01-31T12:00:{second:02}Z"
    return found


def test_a_job_that_failed_fails_with_its_last_log() -> None:
    cluster = Cluster([job(ended="Failed")], [tried("p2", 9), tried("p1", 1), tried("p0", 0)])
    with pytest.raises(ProbeFailed) as caught:
        cluster.rollout().wait(600)
    told = str(caught.value)
    assert "has failed: tried too often" in told
    assert "pod p2, container c: Ended: exit code 1" in told
    assert "starting" in told
    assert "p1" not in told and "p0" not in told
    assert "kubectl -n ml delete job fetch" in told


@pytest.mark.parametrize("reason", ["UnexpectedAdmissionError", "Evicted", "NodeShutdown", ""])
@pytest.mark.parametrize("found", [deployment(), daemons()])
def test_a_pod_that_ended_says_nothing_of_the_workload(found: dict[str, Any], reason: str) -> None:
    """Its controller has made another one, and Kubernetes keeps the dead one for long."""
    ended = [{"name": "c", "restartCount": 5, "lastState": {}, "state": {"terminated": {"exitCode": 137}}}]
    dead = pod("dead", phase="Failed", reason=reason, containerStatuses=ended)
    done = pod("done", phase="Succeeded", containerStatuses=ended)
    alive = pod("alive", phase="Pending", **waiting("ContainerCreating"))
    assert rollouts.telling_pods(found, [dead, alive, done]) == [alive]
    # Where there is no other, it is all that tells.
    assert rollouts.telling_pods(found, [dead]) == [dead]


@pytest.mark.parametrize(
    ("status", "hopeless"),
    [
        (waiting("CrashLoopBackOff", restarts=5), False),
        (waiting("ErrImagePull", "x: not found"), True),
        (waiting("InvalidImageName"), True),
    ],
)
def test_how_often_it_tries_is_up_to_the_job(status: dict[str, Any], hopeless: bool) -> None:
    assert rollouts.is_hopeless(job(active=1), [pod(**status)]) is hopeless
