# SPDX-License-Identifier: Apache-2.0
"""Takes a Deployment's pods away on purpose, and puts them back.

What was done is noted as an entry before it is done, so that whoever finds the entry can undo it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from ..errors import ProbeFailed
from . import rollouts
from .objects import Identity, replicas_managers
from .pod_exec import run_in_pod

SCALE, KILL, FREEZE = "scale", "kill", "freeze"
# Each way, and how it is undone.
UNDONE = {
    SCALE: "scaled up to the number of before",
    KILL: "its Deployment makes a new pod",
    FREEZE: "SIGCONT in the same pods",
}
FIELD_MANAGER = "inference-drill"
# Between SIGTERM and SIGKILL. With 0 the API server would forget the pod before its card is free.
_KILL_GRACE_S = 1
_MERGE = "application/merge-patch+json"
# Everything in the container but its first process, which no signal from inside reaches.
_STOP = ("sh", "-c", "kill -STOP -1")
_CONTINUE = ("sh", "-c", "kill -CONT -1")


class Changer(Protocol):
    """The part of Api that this needs, besides what running a command in a pod does."""

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any] | None: ...

    def read(self, api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any] | None: ...

    def change(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        form: str = "application/json",
    ) -> dict[str, Any] | None: ...


class Workload(NamedTuple):
    """A Deployment."""

    namespace: str
    deployment: str

    @property
    def path(self) -> str:
        return f"/apis/apps/v1/namespaces/{quote(self.namespace)}/deployments/{quote(self.deployment)}"


def entry_of(api: Changer, workload: Workload, way: str) -> dict[str, Any]:
    """What has to be known to put the workload back. Refuses one that is away already."""
    found = _read(api, workload)
    replicas = (found.get("spec") or {}).get("replicas", 1)
    if not replicas:
        raise ProbeFailed(
            f"Deployment {workload.namespace}/{workload.deployment} is scaled to 0 already",
            "Scale it up first, or leave its tier out of the drill.",
        )
    # What is scaled up again belongs to whom it belonged: others judge by the owner whether a person did it.
    managers = replicas_managers(found)
    return {
        **workload._asdict(),
        "way": way,
        "replicas": replicas,
        "manager": (managers or [FIELD_MANAGER])[0],
        # The one that answers requests comes first; what helps it comes behind.
        "container": found["spec"]["template"]["spec"]["containers"][0]["name"],
    }


def take_away(api: Any, entry: Mapping[str, Any]) -> None:
    workload, way = _workload(entry), entry["way"]
    if way == SCALE:
        _scale(api, workload, 0, FIELD_MANAGER)
        return
    for pod in _pods(api, workload):
        if way == KILL:
            path = f"/api/v1/namespaces/{quote(workload.namespace)}/pods/{quote(pod)}"
            api.change("DELETE", path, {"gracePeriodSeconds": str(_KILL_GRACE_S)})
            continue
        done = run_in_pod(api, workload.namespace, pod, str(entry["container"]), _STOP, silence_s=30)
        if done.exit_code:
            raise ProbeFailed(
                f"Nothing could be frozen in pod {pod}: {done.stderr.strip() or done.exit_code}",
                "Its container has one process only, or no shell. Choose another way.",
            )


def put_back(api: Any, entry: Mapping[str, Any]) -> None:
    """Undo it. Does no harm where it is undone already."""
    workload, way = _workload(entry), entry["way"]
    if way == SCALE:
        found = api.read("apps/v1", "Deployment", workload.namespace, workload.deployment) or {}
        # Somebody who has scaled it up meanwhile has the last word.
        if (found.get("spec") or {}).get("replicas") == 0:
            _scale(api, workload, int(entry["replicas"]), str(entry["manager"]))
    elif way == FREEZE:
        for pod in _pods(api, workload):
            # A container that was restarted meanwhile has nobody to wake, which is no failure.
            run_in_pod(api, workload.namespace, pod, str(entry["container"]), _CONTINUE, silence_s=30)


def restarts(api: Changer, workload: Workload) -> dict[str, int]:
    """The pods of a workload, and how often their containers were restarted."""
    return {
        str(pod["metadata"]["name"]): sum(
            int(one.get("restartCount") or 0)
            for one in (pod.get("status") or {}).get("containerStatuses") or []
        )
        for pod in _items(api, workload)
    }


def _workload(entry: Mapping[str, Any]) -> Workload:
    return Workload(*(str(entry[name]) for name in Workload._fields))


def _read(api: Changer, workload: Workload) -> dict[str, Any]:
    identity = Identity("apps/v1", "Deployment", workload.namespace, workload.deployment)
    found = api.read(*identity)
    if found is None:
        raise ProbeFailed(f"There is no {identity}", "Run playbooks/site.yml first.")
    return found


def _scale(api: Changer, workload: Workload, replicas: int, manager: str) -> None:
    query = {"fieldManager": manager}
    if api.change("PATCH", f"{workload.path}/scale", query, {"spec": {"replicas": replicas}}, _MERGE) is None:
        raise ProbeFailed(f"Deployment {workload.namespace}/{workload.deployment} is gone")


def _items(api: Changer, workload: Workload) -> list[dict[str, Any]]:
    chosen = rollouts.selector(_read(api, workload))
    path = f"/api/v1/namespaces/{quote(workload.namespace)}/pods"
    return list((api.get(path, {"labelSelector": chosen}) or {}).get("items") or [])


def _pods(api: Changer, workload: Workload) -> list[str]:
    """Those that run and are not on their way out."""
    return [
        str(pod["metadata"]["name"])
        for pod in _items(api, workload)
        if (pod.get("status") or {}).get("phase") == "Running"
        and not pod["metadata"].get("deletionTimestamp")
    ]
