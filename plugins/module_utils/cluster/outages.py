# SPDX-License-Identifier: Apache-2.0
"""Takes a Deployment's pods away on purpose, and puts them back.

What was done is noted as an entry before it is done, so that whoever finds the entry can undo it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..errors import ProbeFailed
from . import outage_policy, outage_substitute
from .drilled_workload import FIELD_MANAGER, MERGE, Changer, Workload, read_workload, running_pods
from .objects import replicas_managers
from .pod_exec import run_in_pod

SCALE, KILL, FREEZE, BLOCK, SLOW, ERROR = "scale", "kill", "freeze", "block", "slow", "error"
# Each way, and how it is undone.
UNDONE = {
    SCALE: "scaled up to the number of before",
    KILL: "its Deployment makes a new pod",
    FREEZE: "SIGCONT in the same pods",
    BLOCK: "its network policy is deleted",
    SLOW: "its Service leads to its own pods again",
    ERROR: "its Service leads to its own pods again",
}
# What is away like this may come back by itself.
COMES_BACK = frozenset({KILL, FREEZE})
# What the cluster's network or names have to pass on first.
GRADUAL = frozenset({BLOCK, SLOW, ERROR})
# Between SIGTERM and SIGKILL. With 0 the API server would forget the pod before its card is free.
_KILL_GRACE_S = 1
# Everything in the container but its first process, which no signal from inside reaches.
_STOP = ("sh", "-c", "kill -STOP -1")
_CONTINUE = ("sh", "-c", "kill -CONT -1")


def entry_of(
    api: Changer, workload: Workload, way: str, gateway: str = "", delay: float = 0.0
) -> dict[str, Any]:
    """What has to be known to take the workload away and to put it back. Refuses one that is away already.

    ``gateway`` is the Deployment from which it is taken away, ``delay`` how late a slow one answers [s].
    """
    found = read_workload(api, workload)
    replicas = (found.get("spec") or {}).get("replicas", 1)
    if not replicas:
        raise ProbeFailed(
            f"Deployment {workload.namespace}/{workload.deployment} is scaled to 0 already",
            "Scale it up first, or leave its tier out of the drill.",
        )
    # What is scaled up again belongs to whom it belonged: others judge by the owner whether a person did it.
    managers = replicas_managers(found)
    entry = {
        **workload._asdict(),
        "way": way,
        "replicas": replicas,
        "manager": (managers or [FIELD_MANAGER])[0],
        # The one that answers requests comes first; what helps it comes behind.
        "container": found["spec"]["template"]["spec"]["containers"][0]["name"],
        "gateway": gateway,
    }
    if way in (SLOW, ERROR):
        entry.update(
            delay=delay if way == SLOW else 0.0,
            failing=way == ERROR,
            services=outage_substitute.services_of(api, workload, found),
        )
    return entry


def prepare(api: Any, entry: Mapping[str, Any]) -> None:
    """What takes its time and takes nothing away yet."""
    if entry["way"] in (SLOW, ERROR):
        outage_substitute.start(api, entry)


def take_away(api: Any, entry: Mapping[str, Any]) -> None:
    workload, way = Workload.of(entry), entry["way"]
    if way == SCALE:
        _scale(api, workload, 0, FIELD_MANAGER)
    elif way == BLOCK:
        outage_policy.block(api, workload, Workload(workload.namespace, str(entry["gateway"])))
    elif way in (SLOW, ERROR):
        outage_substitute.step_in(api, entry)
    else:
        for pod in running_pods(api, workload):
            _harm(api, workload, str(pod["metadata"]["name"]), entry)


def put_back(api: Any, entry: Mapping[str, Any]) -> None:
    """Undo it. Does no harm where it is undone already."""
    workload, way = Workload.of(entry), entry["way"]
    if way == SCALE:
        found = api.read("apps/v1", "Deployment", workload.namespace, workload.deployment) or {}
        # Somebody who has scaled it up meanwhile has the last word.
        if (found.get("spec") or {}).get("replicas") == 0:
            _scale(api, workload, int(entry["replicas"]), str(entry["manager"]))
    elif way == FREEZE:
        for pod in running_pods(api, workload):
            # A container that was restarted meanwhile has nobody to wake, which is no failure.
            name = str(pod["metadata"]["name"])
            run_in_pod(api, workload.namespace, name, str(entry["container"]), _CONTINUE, silence_s=30)
    elif way == BLOCK:
        outage_policy.unblock(api, workload)
    elif way in (SLOW, ERROR):
        outage_substitute.step_out(api, entry)


def _harm(api: Any, workload: Workload, pod: str, entry: Mapping[str, Any]) -> None:
    if entry["way"] == KILL:
        path = f"/api/v1/namespaces/{quote(workload.namespace)}/pods/{quote(pod)}"
        api.change("DELETE", path, {"gracePeriodSeconds": str(_KILL_GRACE_S)})
        return
    done = run_in_pod(api, workload.namespace, pod, str(entry["container"]), _STOP, silence_s=30)
    if done.exit_code:
        raise ProbeFailed(
            f"Nothing could be frozen in pod {pod}: {done.stderr.strip() or done.exit_code}",
            "Its container has one process only, or no shell. Choose another way.",
        )


def _scale(api: Changer, workload: Workload, replicas: int, manager: str) -> None:
    query = {"fieldManager": manager}
    if api.change("PATCH", f"{workload.path}/scale", query, {"spec": {"replicas": replicas}}, MERGE) is None:
        raise ProbeFailed(f"Deployment {workload.namespace}/{workload.deployment} is gone")
