# SPDX-License-Identifier: Apache-2.0
"""A Deployment that a drill takes away, and its pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from ..errors import ProbeFailed
from . import rollouts
from .objects import Identity

FIELD_MANAGER = "inference-drill"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"


class Changer(Protocol):
    """The part of Api that drills need, besides what running a command in a pod does."""

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

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Workload:
        return cls(*(str(entry[name]) for name in cls._fields))

    @property
    def path(self) -> str:
        return f"/apis/apps/v1/namespaces/{quote(self.namespace)}/deployments/{quote(self.deployment)}"


def read_workload(api: Changer, workload: Workload) -> dict[str, Any]:
    identity = Identity("apps/v1", "Deployment", workload.namespace, workload.deployment)
    found = api.read(*identity)
    if found is None:
        raise ProbeFailed(f"There is no {identity}", "Run playbooks/site.yml first.")
    return found


def pods_of(api: Changer, workload: Workload) -> list[dict[str, Any]]:
    chosen = rollouts.selector(read_workload(api, workload))
    path = f"/api/v1/namespaces/{quote(workload.namespace)}/pods"
    return list((api.get(path, {"labelSelector": chosen}) or {}).get("items") or [])


def running_pods(api: Changer, workload: Workload) -> list[dict[str, Any]]:
    """Those that run and are not on their way out."""
    return [
        pod
        for pod in pods_of(api, workload)
        if (pod.get("status") or {}).get("phase") == "Running"
        and not pod["metadata"].get("deletionTimestamp")
    ]


def restarts(api: Changer, workload: Workload) -> dict[str, int]:
    """The pods of a workload, and how often their containers were restarted."""
    return {
        str(pod["metadata"]["name"]): sum(
            int(one.get("restartCount") or 0)
            for one in (pod.get("status") or {}).get("containerStatuses") or []
        )
        for pod in pods_of(api, workload)
    }
