# SPDX-License-Identifier: Apache-2.0
"""Reads what a cluster runs for a site: nodes, workloads with their pods, and their problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from ..openai_api.failures import redact
from . import engine_logs, rollouts
from .api import Refused
from .config_maps import read_config_maps
from .foreign_fields import foreign_fields
from .objects import Identity

# The line with the cause is far above the end.
_LOG_LINES = 400
_LOG_SHOWN = 12


class Reader(Protocol):
    """The part of Api that reading needs."""

    def get(self, path: str) -> dict[str, Any] | None: ...
    def text(self, path: str, query: Mapping[str, str]) -> str: ...
    def read(self, api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any] | None: ...


class Wanted(NamedTuple):
    """What to read."""

    namespace: str
    workloads: Sequence[Identity]
    config_maps: Sequence[str]
    resource: str
    variables: Sequence[str] = ()


class SiteState:
    """One pass over a cluster; everything is read once."""

    def __init__(self, api: Reader, wanted: Wanted) -> None:
        self._api = api
        self._wanted = wanted
        self._pods: dict[str, list[dict[str, Any]]] = {}
        self._events: dict[str, list[dict[str, Any]]] = {}

    def read(self) -> dict[str, Any]:
        namespace = self._wanted.namespace
        return {
            "version": str((self._api.get("/version") or {}).get("gitVersion") or ""),
            "namespace_exists": self._api.get(f"/api/v1/namespaces/{quote(namespace)}") is not None,
            "nodes": [describe_node(node, self._wanted.resource) for node in self._items("/api/v1/nodes")],
            "workloads": [self._workload(identity) for identity in self._wanted.workloads],
            "config_maps": read_config_maps(self._api, namespace, self._wanted.config_maps),
            "network_policies": [
                {"name": item["metadata"]["name"], "spec": item.get("spec") or {}}
                for item in self._items(_in("/apis/networking.k8s.io/v1", namespace, "networkpolicies"))
            ],
            "services": ready_addresses(
                self._items(_in("/apis/discovery.k8s.io/v1", namespace, "endpointslices"))
            ),
        }

    def _items(self, path: str) -> list[dict[str, Any]]:
        """A list; empty where this login must not read, so that one missing right hides nothing else."""
        try:
            return list((self._api.get(path) or {}).get("items") or [])
        except Refused as refusal:
            if refusal.status != 403:
                raise
            return []

    def _workload(self, identity: Identity) -> dict[str, Any]:
        found = self._api.read(*identity)
        row = {"kind": identity.kind, "namespace": identity.namespace, "name": identity.name}
        if found is None:
            return {**row, "exists": False, **_NO_WORKLOAD}
        template = (found.get("spec") or {}).get("template") or {}
        containers = (template.get("spec") or {}).get("containers") or [{}]
        progress = rollouts.progress(found)
        return {
            **row,
            "exists": True,
            "wanted": _wanted_pods(found),
            "summary": progress.summary,
            "image": str(containers[0].get("image") or ""),
            "variables": {
                str(row.get("name")): str(row["value"])
                for row in containers[0].get("env") or []
                if row.get("name") in self._wanted.variables and "value" in row
            },
            "complaints": rollouts.controller_complaints(found),
            "foreign_fields": foreign_fields(found),
            "labels": (template.get("metadata") or {}).get("labels") or {},
            "pods": [self._pod(identity.namespace, pod) for pod in self._pods_of(identity.namespace, found)],
        }

    def _pods_of(self, namespace: str, found: Mapping[str, Any]) -> list[dict[str, Any]]:
        if namespace not in self._pods:
            self._pods[namespace] = self._items(_in("/api/v1", namespace, "pods"))
        wanted = (((found.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}).items()
        return [
            pod
            for pod in self._pods[namespace]
            if wanted <= (pod["metadata"].get("labels") or {}).items()
            and not pod["metadata"].get("deletionTimestamp")
        ]

    def _pod(self, namespace: str, pod: Mapping[str, Any]) -> dict[str, Any]:
        name = str(pod["metadata"]["name"])
        status = pod.get("status") or {}
        troubles = rollouts.troubles([pod])
        log = self._log(namespace, troubles[0]) if troubles else []
        cause = engine_logs.diagnose(log)
        return {
            "name": name,
            "node": (pod.get("spec") or {}).get("nodeName") or "",
            "ip": status.get("podIP") or "",
            "phase": status.get("phase") or "",
            "ready": bool(rollouts.ready_pods([pod])),
            "restarts": sum(int(row.get("restartCount") or 0) for row in _containers(status)),
            "running_since": _running_since(status),
            "labels": pod["metadata"].get("labels") or {},
            "troubles": [
                {"reason": found.reason, "message": found.message, "container": found.container}
                for found in troubles
            ],
            "events": self._warnings(namespace, name) if troubles else [],
            "cause": asdict(cause) if cause else None,
            "log": [redact(line, ()) for line in log[-_LOG_SHOWN:]],
        }

    def _warnings(self, namespace: str, name: str) -> list[str]:
        if namespace not in self._events:
            self._events[namespace] = self._items(_in("/api/v1", namespace, "events"))
        about = (event for event in self._events[namespace] if _concerns(event, name))
        return [redact(line, ()) for line in rollouts.warnings(about)]

    def _log(self, namespace: str, trouble: rollouts.Trouble) -> list[str]:
        if not trouble.container:
            return []
        path = f"{_in('/api/v1', namespace, 'pods')}/{quote(trouble.pod)}/log"
        query = {"container": trouble.container, "tailLines": str(_LOG_LINES)}
        text = self._api.text(path, query)
        if trouble.restarts:
            # The container that runs now has logged little; the one before it logged why it ended.
            text = self._api.text(path, {**query, "previous": "true"}) or text
        return text.splitlines()


_NO_WORKLOAD: dict[str, Any] = {
    "wanted": 0,
    "summary": "does not exist",
    "image": "",
    "complaints": [],
    "foreign_fields": [],
    "labels": {},
    "pods": [],
}


def describe_node(node: Mapping[str, Any], resource: str) -> dict[str, Any]:
    """What matters of a node."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    conditions: list[dict[str, Any]] = status.get("conditions") or []
    ready = next((row for row in conditions if row.get("type") == "Ready"), {})
    return {
        "name": str(node["metadata"]["name"]),
        "ready": ready.get("status") == "True",
        "reason": str(ready.get("message") or ready.get("reason") or ""),
        "unschedulable": bool(spec.get("unschedulable")),
        "labels": node["metadata"].get("labels") or {},
        "taints": [
            f"{taint.get('key')}={taint.get('value') or ''}:{taint.get('effect')}".replace("=:", ":")
            for taint in spec.get("taints") or []
        ],
        "addresses": [str(row.get("address")) for row in status.get("addresses") or []],
        "capacity": (status.get("capacity") or {}).get(resource),
        "allocatable": _number((status.get("allocatable") or {}).get(resource)),
        "version": str((status.get("nodeInfo") or {}).get("kubeletVersion") or ""),
    }


def ready_addresses(slices: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many ready pods each Service has."""
    counted: dict[str, int] = {}
    for entry in slices:
        service = (entry["metadata"].get("labels") or {}).get("kubernetes.io/service-name")
        if not service:
            continue
        rows: list[dict[str, Any]] = entry.get("endpoints") or []
        ready = sum(bool((row.get("conditions") or {}).get("ready", True)) for row in rows)
        counted[service] = counted.get(service, 0) + ready
    return counted


def _in(group: str, namespace: str, plural: str) -> str:
    return f"{group}/namespaces/{quote(namespace)}/{plural}"


def _number(value: Any) -> int:
    text = str(value or "0")
    return int(text) if text.isdigit() else 0


def _wanted_pods(found: Mapping[str, Any]) -> int:
    if found.get("kind") == "DaemonSet":
        return int((found.get("status") or {}).get("desiredNumberScheduled") or 0)
    replicas = (found.get("spec") or {}).get("replicas")
    return 1 if replicas is None else int(replicas)


def _containers(status: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(status.get("containerStatuses") or [])


def _running_since(status: Mapping[str, Any]) -> str:
    """When the first container's process started; empty when none runs."""
    for row in _containers(status):
        running = (row.get("state") or {}).get("running") or {}
        return str(running.get("startedAt") or "")
    return ""


def _concerns(event: Mapping[str, Any], name: str) -> bool:
    return (event.get("involvedObject") or {}).get("name") == name
