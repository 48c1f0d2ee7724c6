# SPDX-License-Identifier: Apache-2.0
"""What a pod does before it serves: wait for a node, pull its image, prepare, load. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from .scheduling import refusal
from .timestamps import time_of

# Events of the kubelet about one image. The newest one tells how far it is.
_PULLING = "Pulling"
_PULL_EVENTS = frozenset({_PULLING, "Pulled", "Failed", "BackOff"})
# What containers wait with while the kubelet is at work, and has nothing to complain about.
_CREATING = frozenset({"ContainerCreating", "PodInitializing"})
_MOST_PODS = 3
_LONG_AGO = datetime.fromtimestamp(0, timezone.utc)


class Stage(NamedTuple):
    """Where a pod is on its way."""

    pod: str
    doing: str
    since: datetime | None = None
    # The container whose log tells more: of what ends by itself people want to know how far it is.
    log: str = ""
    # Its image is on the way, or what an init container or a Job fetches: how long is up to the line.
    fetching: bool = False

    def sentence(self, now: datetime, line: str = "") -> str:
        told = f"pod {self.pod}: {self.doing}"
        if self.since is not None:
            told += f" since {duration((now - self.since).total_seconds())}"
        return f"{told}: {line}" if line else told


def stage(pod: Mapping[str, Any], events: Sequence[Mapping[str, Any]] = ()) -> Stage | None:
    """What keeps a pod from being ready; None if it is ready, has ended well, or is on its way out."""
    metadata, status = pod.get("metadata") or {}, pod.get("status") or {}
    conditions = {item.get("type"): item for item in status.get("conditions") or []}
    of_job = any(owner.get("kind") == "Job" for owner in metadata.get("ownerReferences") or [])
    is_ready = (conditions.get("Ready") or {}).get("status") == "True"
    if metadata.get("deletionTimestamp") or status.get("phase") == "Succeeded" or (is_ready and not of_job):
        return None
    name = str(metadata.get("name"))
    refused = refusal(pod)
    if refused is not None:
        return Stage(name, f"waits for a node: {refused}")
    # Containers start once the pod has its network and its volumes; what they wait for then is their image.
    prepared = (conditions.get("PodReadyToStartContainers") or {}).get("status") == "True"
    for container in _unfinished(pod, of_job):
        found = _container_stage(name, container, events, prepared)
        if found:
            return found
    return Stage(name, "starts")


def is_pending(pod: Mapping[str, Any]) -> bool:
    """Whether a container waits, so that the pod's events tell for what."""
    status = pod.get("status") or {}
    rows = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    return any((row.get("state") or {}).get("waiting") for row in rows)


def line(workload: str, summary: str, stages: Sequence[str]) -> str:
    """One workload and its pods on one line."""
    shown = [
        *stages[:_MOST_PODS],
        *([f"{len(stages) - _MOST_PODS} more"] if len(stages) > _MOST_PODS else []),
    ]
    return "; ".join([f"{workload}: {summary}", *shown])


def duration(seconds: float) -> str:
    """A time for people: 12 s, 3 min, 1 h 5 min."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class _Container(NamedTuple):
    name: str
    image: str
    is_init: bool
    # Whether it is to end by itself.
    ends: bool
    status: Mapping[str, Any]


def _unfinished(pod: Mapping[str, Any], of_job: bool) -> Iterator[_Container]:
    """The init container whose turn it is, or else the containers that are not ready."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    # One that is restarted always is a companion of the containers, and never ends.
    companions = {
        row.get("name") for row in spec.get("initContainers") or [] if row.get("restartPolicy") == "Always"
    }
    for row in status.get("initContainerStatuses") or []:
        state = row.get("state") or {}
        started = row.get("name") in companions and "running" in state
        if not started and (state.get("terminated") or {}).get("exitCode") != 0:
            yield _Container(str(row.get("name")), str(row.get("image") or ""), True, True, row)
            return
    for row in status.get("containerStatuses") or []:
        if not row.get("ready") or of_job:
            yield _Container(str(row.get("name")), str(row.get("image") or ""), False, of_job, row)


def _container_stage(
    pod: str, container: _Container, events: Sequence[Mapping[str, Any]], prepared: bool
) -> Stage | None:
    state = container.status.get("state") or {}
    what = f"{'init ' if container.is_init else ''}container {container.name}"
    if state.get("waiting"):
        reason = str(state["waiting"].get("reason") or "Waiting")
        told = _newest_pull_event(container, events)
        if told is not None and told.get("reason") == _PULLING:
            return Stage(pod, f"pulling image {container.image}", _moment(told), fetching=True)
        if told is None and prepared and reason in _CREATING:
            # Events are forgotten after an hour, which a large image may take.
            return Stage(pod, f"pulling image {container.image}", fetching=True)
        return None if reason in _CREATING else Stage(pod, f"{what}: {reason}")
    if "running" in state:
        since = time_of((state["running"] or {}).get("startedAt"))
        if container.ends:
            return Stage(pod, f"{what} runs", since, container.name, fetching=True)
        return Stage(pod, f"{what} runs and is not ready", since)
    if state.get("terminated"):
        return Stage(pod, f"{what} ended with exit code {state['terminated'].get('exitCode')}")
    return None


def _newest_pull_event(
    container: _Container, events: Iterable[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The newest event about the container's image. Of two in one second, the end comes last."""
    part = "initContainers" if container.is_init else "containers"
    place = f"spec.{part}{{{container.name}}}"
    about = [
        event
        for event in events
        if event.get("reason") in _PULL_EVENTS
        and (event.get("involvedObject") or {}).get("fieldPath") == place
    ]
    return max(
        about, key=lambda event: (_moment(event) or _LONG_AGO, event.get("reason") != _PULLING), default=None
    )


def _moment(event: Mapping[str, Any]) -> datetime | None:
    return time_of(event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp"))
