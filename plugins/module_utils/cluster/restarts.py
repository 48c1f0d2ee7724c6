# SPDX-License-Identifier: Apache-2.0
"""Which pods still run with a configuration that is no longer the cluster's.

A program that reads its ConfigMap or Secret at its start keeps what it read, even if somebody changes the
object. So a pod that is older than the last change of what it read has to restart.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import quote

from .objects import FIELD_MANAGER, Identity
from .timestamps import time_of

RESTART_DUE = "inference.stack/restart-due"
"""Annotation of a workload: the time at which a run began that has to start its pods again."""
RESTARTED = "inference.stack/restarted"
"""Annotation of its pod template: the time of the run that started them again last."""
RELOADED = "inference.stack/reloaded"
"""Annotation of a ConfigMap or Secret: "true" when its readers notice a change without a restart."""
CONFIGURATION = ("ConfigMap", "Secret")


class Reader(Protocol):
    """The part of Api that is needed here."""

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any] | None: ...
    def read(self, api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any] | None: ...


def is_changed(found: Mapping[str, Any], tried: Mapping[str, Any]) -> bool:
    """Whether a dry run changed what a ConfigMap or Secret holds."""
    return found.get("kind", tried.get("kind")) in CONFIGURATION and any(
        (found.get(key) or {}) != (tried.get(key) or {}) for key in ("data", "binaryData")
    )


def is_different(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a ConfigMap or Secret lacks what is wanted of it. For servers that take no dry run."""
    return wanted.get("kind") in CONFIGURATION and any(
        (found.get(key) or {}).get(name) != value
        for key in ("data", "binaryData")
        for name, value in (wanted.get(key) or {}).items()
    )


class PodConfiguration:
    """What the pods of a cluster read at their start, and when that changed last."""

    def __init__(self, api: Reader) -> None:
        self._api = api
        self._changing: set[Identity] = set()
        self._reloaded: set[Identity] = set()
        self._objects: dict[Identity, dict[str, Any] | None] = {}
        self._pods: dict[str, list[dict[str, Any]]] = {}

    def will_change(self, identity: Identity) -> None:
        """Note that an apply is going to change an object."""
        self._changing.add(identity)

    def is_reloaded(self, identity: Identity) -> None:
        """Note that the readers of an object notice a change by themselves."""
        self._reloaded.add(identity)

    def outdated(self, identity: Identity, workload: Mapping[str, Any], is_rolling: bool = False) -> str:
        """Why the pods of a workload have to start again, in words; empty when they need not.

        ``is_rolling``: an apply replaces the pods anyway. A restart that is due is carried out all the same,
        else the next run would do it.
        """
        if _is_due(workload):
            return "a run ended before it started them again"
        if is_rolling:
            return ""
        template = ((workload.get("spec") or {}).get("template") or {}).get("spec") or {}
        read = sorted(set(read_at_start(template, identity.namespace)))
        if not read:
            return ""
        pods = list(self._pods_of(identity.namespace, workload))
        started = _oldest_start(pods)
        if started is None:
            return ""
        # Pods of an earlier restart are being replaced already, however long that takes.
        latest = _restarted((workload["spec"]["template"]).get("metadata") or {})
        current = _oldest_start([pod for pod in pods if _restarted(pod.get("metadata") or {}) == latest])
        for item in read:
            found = self._object(item)
            if item in self._reloaded or (found is not None and _is_reloaded(found)):
                continue
            if item in self._changing:
                return f"{item.kind} {item.name} changes"
            changed = last_change(found or {})
            if changed is not None and current is not None and current < changed:
                return f"{item.kind} {item.name} changed at {changed:%Y-%m-%dT%H:%M:%SZ}, after its start"
        return ""

    def _object(self, identity: Identity) -> dict[str, Any] | None:
        if identity not in self._objects:
            self._objects[identity] = self._api.read(*identity)
        return self._objects[identity]

    def _pods_of(self, namespace: str, workload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        if namespace not in self._pods:
            answer = self._api.get(f"/api/v1/namespaces/{quote(namespace)}/pods") or {}
            self._pods[namespace] = answer.get("items") or []
        labels = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
        return (pod for pod in self._pods[namespace] if _is_of(pod, labels))


def read_at_start(pod: Mapping[str, Any], namespace: str) -> Iterator[Identity]:
    """The ConfigMaps and Secrets that a pod's specification refers to."""
    for volume in pod.get("volumes") or []:
        sources = [volume, *((volume.get("projected") or {}).get("sources") or [])]
        for source in sources:
            yield from _named(source.get("configMap"), "ConfigMap", "name", namespace)
            yield from _named(source.get("secret"), "Secret", "secretName", namespace)
            yield from _named(source.get("secret"), "Secret", "name", namespace)
    for container in (*(pod.get("initContainers") or []), *(pod.get("containers") or [])):
        for source in container.get("envFrom") or []:
            yield from _named(source.get("configMapRef"), "ConfigMap", "name", namespace)
            yield from _named(source.get("secretRef"), "Secret", "name", namespace)
        for variable in container.get("env") or []:
            source = variable.get("valueFrom") or {}
            yield from _named(source.get("configMapKeyRef"), "ConfigMap", "name", namespace)
            yield from _named(source.get("secretKeyRef"), "Secret", "name", namespace)


def last_change(found: Mapping[str, Any]) -> datetime.datetime | None:
    """When somebody else last wrote what a ConfigMap or Secret holds (times of metadata.managedFields).

    Our own writes are left out: a label would count as one, and the run that changes data restarts the pods.
    """
    times = [
        time_of(entry.get("time"))
        for entry in (found.get("metadata") or {}).get("managedFields") or []
        if entry.get("manager") != FIELD_MANAGER
        and {"f:data", "f:binaryData", "f:stringData"} & set(entry.get("fieldsV1") or {})
    ]
    return max((time for time in times if time is not None), default=None)


def _named(source: Any, kind: str, key: str, namespace: str) -> Iterator[Identity]:
    if isinstance(source, Mapping) and source.get(key):
        yield Identity("v1", kind, namespace, str(source[key]))


def _is_due(workload: Mapping[str, Any]) -> bool:
    due = ((workload.get("metadata") or {}).get("annotations") or {}).get(RESTART_DUE) or ""
    template = (workload.get("spec") or {}).get("template") or {}
    # Both are written like 2026-01-31T12:00:00Z, so their order is that of texts.
    return due > _restarted(template.get("metadata") or {})


def _restarted(metadata: Mapping[str, Any]) -> str:
    return (metadata.get("annotations") or {}).get(RESTARTED) or ""


def _oldest_start(pods: Iterable[Mapping[str, Any]]) -> datetime.datetime | None:
    """When the longest running container of the pods started; None when none runs."""
    return min((start for pod in pods for start in _starts(pod)), default=None)


def _is_reloaded(found: Mapping[str, Any]) -> bool:
    annotations = (found.get("metadata") or {}).get("annotations") or {}
    return annotations.get(RELOADED) == "true"


def _is_of(pod: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    metadata = pod.get("metadata") or {}
    has = metadata.get("labels") or {}
    return bool(labels) and not metadata.get("deletionTimestamp") and labels.items() <= has.items()


def _starts(pod: Mapping[str, Any]) -> Iterator[datetime.datetime]:
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        start = time_of(((status.get("state") or {}).get("running") or {}).get("startedAt"))
        if start is not None:
            yield start
