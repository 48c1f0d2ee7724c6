# SPDX-License-Identifier: Apache-2.0
"""Watches workloads until they have rolled out, cannot roll out, or the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ..errors import DeadlineExceeded, ProbeFailed
from ..openai_api.failures import redact
from . import rollouts
from .engine_logs import Diagnosis, diagnose
from .objects import Identity

LOG_LINES = 20
# The end of a log has general errors; the line with the cause may be far above.
_READ_LINES = 500


class Reader(Protocol):
    """The part of Api that waiting needs."""

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any] | None: ...
    def text(self, path: str, query: Mapping[str, str] | None = None) -> str: ...
    def read(self, api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any] | None: ...


class Rollout:
    """Some workloads that roll out."""

    def __init__(
        self,
        api: Reader,
        workloads: Sequence[Identity],
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = api
        self._workloads = workloads
        self._clock = clock
        self._pause = pause
        self.states: dict[str, rollouts.Progress] = {}

    def wait(self, timeout: float, own: Mapping[Identity, float] | None = None) -> None:
        """Return when every workload has rolled out; otherwise raise with the obstacle of each.

        ``own`` are the seconds of workloads that may take another time than ``timeout``.
        """
        begin = self._clock()
        ends = {identity: begin + (own or {}).get(identity, timeout) for identity in self._workloads}
        interval = 0.25
        while True:
            waiting = self.look()
            if not waiting:
                return
            hopeless = self._hopeless(waiting)
            if hopeless:
                raise ProbeFailed("\n".join(self._explain(*item) for item in hopeless))
            late = [item for item in waiting if self._clock() >= ends[item[0]]]
            if late:
                explained = "\n".join(self._explain(*item) for item in late)
                taken = max(ends[identity] - begin for identity, _ in late)
                raise DeadlineExceeded(f"Not rolled out within {taken:g} seconds.\n{explained}")
            nearest = min(ends[identity] for identity, _ in waiting)
            self._pause(min(interval, max(nearest - self._clock(), 0.05)))
            interval = min(interval * 1.5, 3.0)

    def explain(self) -> str:
        """The obstacle of each workload now; empty when all have rolled out."""
        return "\n".join(self._explain(*item) for item in self.look())

    def in_vain(self) -> str:
        """Why waiting longer is useless; empty while it may help."""
        return "\n".join(self._explain(*item) for item in self._hopeless(self.look()))

    def pods(self) -> dict[str, list[str]]:
        """The ready pods of each workload."""
        return {
            _label(identity): rollouts.ready_pods(self._pods(identity, self._api.read(*identity)))
            for identity in self._workloads
        }

    def look(self) -> list[tuple[Identity, dict[str, Any] | None]]:
        """Read every workload once; returns those that have not rolled out."""
        waiting = []
        for identity in self._workloads:
            found = self._api.read(*identity)
            state = rollouts.progress(found)
            self.states[_label(identity)] = state
            if not state.done:
                waiting.append((identity, found))
        return waiting

    def _hopeless(
        self, waiting: Sequence[tuple[Identity, dict[str, Any] | None]]
    ) -> list[tuple[Identity, dict[str, Any] | None]]:
        return [
            (identity, found)
            for identity, found in waiting
            if rollouts.hopeless_complaints(found or {})
            or any(trouble.hopeless for trouble in rollouts.troubles(self._pods(identity, found)))
        ]

    def _pods(self, identity: Identity, found: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        chosen = rollouts.selector(found or {})
        if not chosen:
            return []
        answer = self._api.get(f"/api/v1/namespaces/{identity.namespace}/pods", {"labelSelector": chosen})
        return list((answer or {}).get("items") or [])

    def _explain(self, identity: Identity, found: Mapping[str, Any] | None) -> str:
        troubles = rollouts.troubles(self._pods(identity, found))
        notes: dict[str, Sequence[str]] = {"": rollouts.controller_complaints(found or {})}
        logs: dict[str, str] = {}
        causes: dict[str, Diagnosis] = {}
        if not troubles and found:
            notes[""] = [*notes[""], *self._events(identity.namespace, identity.name)]
        for trouble in troubles:
            if trouble.pod not in notes:
                notes[trouble.pod] = self._events(identity.namespace, trouble.pod)
            if trouble.container:
                source = f"{trouble.pod}/{trouble.container}"
                log = self._log(identity.namespace, trouble)
                logs[source] = "\n".join(redact(log, ()).rstrip().splitlines()[-LOG_LINES:])
                cause = diagnose(log)
                if cause:
                    causes[source] = cause
        state = self.states[_label(identity)]
        return rollouts.report(_label(identity), state, troubles, notes, logs, causes)

    def _events(self, namespace: str, name: str) -> list[str]:
        query = {"fieldSelector": f"involvedObject.name={name}"}
        answer = self._api.get(f"/api/v1/namespaces/{namespace}/events", query)
        return rollouts.warnings((answer or {}).get("items") or [])

    def _log(self, namespace: str, trouble: rollouts.Trouble) -> str:
        path = f"/api/v1/namespaces/{namespace}/pods/{trouble.pod}/log"
        query = {"container": trouble.container, "tailLines": str(_READ_LINES)}
        if trouble.restarts:
            # The container that runs now has logged little; the one before it logged why it ended.
            earlier = self._api.text(path, {**query, "previous": "true"})
            if earlier.strip():
                return earlier
        return self._api.text(path, query)


def _label(identity: Identity) -> str:
    return f"{identity.kind} {identity.namespace}/{identity.name}"
