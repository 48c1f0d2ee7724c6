# SPDX-License-Identifier: Apache-2.0
"""Watches workloads until they have rolled out, cannot roll out, or the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple, Protocol

from ..errors import DeadlineExceeded, ProbeFailed
from ..openai_api.failures import redact
from . import rollouts
from .engine_logs import Diagnosis, diagnose
from .objects import Identity
from .redaction import hide_logins
from .stages import Stage, is_pending, line, stage

LOG_LINES = 20
# The end of a log has general errors; the line with the cause may be far above.
_READ_LINES = 500
_LONGEST_LINE = 200
# What takes no longer needs no words.
_QUIET_S = 3.0
# How often unchanged words are repeated, so that nobody takes a long wait for a hang.
_REPEAT_S = 30.0


class Reader(Protocol):
    """The part of Api that waiting needs."""

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any] | None: ...
    def text(self, path: str, query: Mapping[str, str] | None = None) -> str: ...
    def read(self, api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any] | None: ...


class Seen(NamedTuple):
    """A workload that has not rolled out, as it is now."""

    identity: Identity
    found: dict[str, Any] | None
    pods: list[dict[str, Any]]


def silence(_: str) -> None:
    """Say nothing."""


class Rollout:
    """Some workloads that roll out. ``say`` is told what they wait for."""

    def __init__(
        self,
        api: Reader,
        workloads: Sequence[Identity],
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        say: Callable[[str], None] = silence,
    ) -> None:
        self._api = api
        self._workloads = workloads
        self._clock = clock
        self._pause = pause
        self._report = Report(say, clock)
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
                raise ProbeFailed("\n".join(map(self._explain, hopeless)))
            late = [seen for seen in waiting if self._clock() >= ends[seen.identity]]
            if late:
                explained = "\n".join(map(self._explain, late))
                taken = max(ends[seen.identity] - begin for seen in late)
                raise DeadlineExceeded(f"Not rolled out within {taken:g} seconds.\n{explained}")
            for seen in waiting:
                self._tell(seen)
            nearest = min(ends[seen.identity] for seen in waiting)
            self._pause(min(interval, max(nearest - self._clock(), 0.05)))
            interval = min(interval * 1.5, 3.0)

    def explain(self) -> str:
        """The obstacle of each workload now; empty when all have rolled out."""
        return "\n".join(map(self._explain, self.look()))

    def in_vain(self) -> str:
        """Why waiting longer is useless; empty while it may help."""
        return "\n".join(map(self._explain, self._hopeless(self.look())))

    def pods(self) -> dict[str, list[str]]:
        """The ready pods of each workload."""
        return {
            _label(identity): rollouts.ready_pods(self._pods(identity, self._api.read(*identity)))
            for identity in self._workloads
        }

    def look(self) -> list[Seen]:
        """Read every workload once; returns those that have not rolled out."""
        waiting = []
        for identity in self._workloads:
            found = self._api.read(*identity)
            state = rollouts.progress(found)
            self.states[_label(identity)] = state
            if not state.done:
                waiting.append(Seen(identity, found, self._pods(identity, found)))
        return waiting

    def _hopeless(self, waiting: Sequence[Seen]) -> list[Seen]:
        return [
            seen
            for seen in waiting
            if rollouts.hopeless_complaints(seen.found or {})
            or any(trouble.hopeless for trouble in rollouts.troubles(seen.pods))
        ]

    def _stages(self, seen: Seen) -> list[Stage]:
        """What each of its pods does."""
        namespace = seen.identity.namespace
        found = []
        for pod in seen.pods:
            events = self._events(namespace, str(pod["metadata"]["name"])) if is_pending(pod) else []
            found.append(stage(pod, events))
        return [one for one in found if one is not None]

    def _tell(self, seen: Seen) -> None:
        label = seen.identity.name
        summary = self.states[_label(seen.identity)].summary
        stages = self._stages(seen)

        def words() -> str:
            now = datetime.now(timezone.utc)
            told = [one.sentence(now, self._last_line(seen.identity.namespace, one)) for one in stages]
            return line(label, summary, told)

        self._report.tell(label, (summary, [(one.pod, one.doing) for one in stages]), words)

    def _last_line(self, namespace: str, one: Stage) -> str:
        """The last line that an init container wrote."""
        if not one.init:
            return ""
        path = f"/api/v1/namespaces/{namespace}/pods/{one.pod}/log"
        log = self._api.text(path, {"container": one.init, "tailLines": "5"})
        lines = [text for text in hide_logins(redact(log, ())).splitlines() if text.strip()]
        return lines[-1].strip()[:_LONGEST_LINE] if lines else ""

    def _pods(self, identity: Identity, found: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        chosen = rollouts.selector(found or {})
        if not chosen:
            return []
        answer = self._api.get(f"/api/v1/namespaces/{identity.namespace}/pods", {"labelSelector": chosen})
        return list((answer or {}).get("items") or [])

    def _explain(self, seen: Seen) -> str:
        identity = seen.identity
        troubles = rollouts.troubles(seen.pods)
        notes: dict[str, Sequence[str]] = {"": rollouts.controller_complaints(seen.found or {})}
        logs: dict[str, str] = {}
        causes: dict[str, Diagnosis] = {}
        if not troubles and seen.found:
            notes[""] = [*notes[""], *rollouts.warnings(self._events(identity.namespace, identity.name))]
        for trouble in troubles:
            if trouble.pod not in notes:
                notes[trouble.pod] = rollouts.warnings(self._events(identity.namespace, trouble.pod))
            if trouble.container:
                source = f"{trouble.pod}/{trouble.container}"
                log = self._log(identity.namespace, trouble)
                logs[source] = "\n".join(redact(log, ()).rstrip().splitlines()[-LOG_LINES:])
                cause = diagnose(log)
                if cause:
                    causes[source] = cause
        state = self.states[_label(identity)]
        return rollouts.report(_label(identity), state, troubles, notes, logs, causes)

    def _events(self, namespace: str, name: str) -> list[dict[str, Any]]:
        query = {"fieldSelector": f"involvedObject.name={name}"}
        answer = self._api.get(f"/api/v1/namespaces/{namespace}/events", query)
        return list((answer or {}).get("items") or [])

    def _log(self, namespace: str, trouble: rollouts.Trouble) -> str:
        path = f"/api/v1/namespaces/{namespace}/pods/{trouble.pod}/log"
        query = {"container": trouble.container, "tailLines": str(_READ_LINES)}
        if trouble.restarts:
            # The container that runs now has logged little; the one before it logged why it ended.
            earlier = self._api.text(path, {**query, "previous": "true"})
            if earlier.strip():
                return earlier
        return self._api.text(path, query)


class Report:
    """Says what somebody waits for when it changes, and otherwise now and then."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._say = say
        self._clock = clock
        self._begin = clock()
        self._said: dict[str, tuple[Any, float]] = {}

    def tell(self, subject: str, situation: Any, words: Callable[[], str]) -> None:
        """``situation`` is what has to change for new words; they may hold more, such as times."""
        now = self._clock()
        if now - self._begin < _QUIET_S:
            return
        before, moment = self._said.get(subject, (None, now - _REPEAT_S))
        if situation != before or now - moment >= _REPEAT_S:
            self._said[subject] = (situation, now)
            self._say(words())


def _label(identity: Identity) -> str:
    return f"{identity.kind} {identity.namespace}/{identity.name}"
