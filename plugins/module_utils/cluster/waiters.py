# SPDX-License-Identifier: Apache-2.0
"""Watches workloads until they have rolled out, cannot roll out, or the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple, Protocol

from ..errors import DeadlineExceeded, ProbeFailed
from ..openai_api.failures import redact
from . import rollouts, scheduling
from .api import Refused
from .engine_logs import Diagnosis, diagnose
from .objects import OWNER_LABEL, Identity
from .patience import Announcer, Spent, Unchanged, silence
from .redaction import hide_logins
from .stages import Stage, duration, is_pending, line, stage

# What a slow line may take for the images and the models of a site.
FETCH_TIMEOUT = 14400
LOG_LINES = 20
# The end of a log has general errors; the line with the cause may be far above.
_READ_LINES = 500
_LONGEST_LINE = 200


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
        self._announcer = Announcer(say, clock)
        self._unchanged = Unchanged(clock)
        self.states: dict[str, rollouts.Progress] = {}

    def wait(
        self,
        timeout: float,
        own: Mapping[Identity, float] | None = None,
        fetch_timeout: float = FETCH_TIMEOUT,
    ) -> None:
        """Return when every workload has rolled out; otherwise raise with the obstacle of each.

        ``own`` are the seconds of workloads that may take another time than ``timeout``. While a workload's
        pods pull their image or run an init container its time does not run, but that of ``fetch_timeout``.
        """
        spent = {one: Spent((own or {}).get(one, timeout), fetch_timeout) for one in self._workloads}
        interval = 0.25
        before = self._clock()
        while True:
            waiting = self.look()
            if not waiting:
                return
            hopeless = self._hopeless(waiting)
            if hopeless:
                raise ProbeFailed("\n".join(map(self._explain, hopeless)))
            refused = self._refused(waiting)
            if refused:
                raise ProbeFailed("\n".join(refused))
            passed, before = self._clock() - before, self._clock()
            for seen in waiting:
                stages = self._stages(seen)
                spent[seen.identity].add(passed, any(one.fetching for one in stages))
                self._tell(seen, stages)
            self._require_time([(seen, spent[seen.identity]) for seen in waiting])
            left = min(spent[seen.identity].left for seen in waiting)
            self._pause(min(interval, max(left, 0.05)))
            interval = min(interval * 1.5, 3.0)

    def _require_time(self, waiting: Sequence[tuple[Seen, Spent]]) -> None:
        """Raises DeadlineExceeded for the workloads that have none left."""
        late = [(seen, time) for seen, time in waiting if time.left <= 0]
        if not late:
            return
        explained = "\n".join(self._explain(seen) for seen, _ in late)
        stalled = [time for _, time in late if time.is_fetching]
        if stalled:
            taken = duration(stalled[0].fetching)
            raise DeadlineExceeded(
                f"Images or models are still on their way after {taken}.\n{explained}",
                "What is there is kept, so a second run goes on. cluster_objects_fetch_timeout waits longer.",
            )
        longest = max((time for _, time in late), key=lambda time: time.allowed)
        besides = (
            f", besides {duration(longest.fetching)} for images and preparations" if longest.fetching else ""
        )
        raise DeadlineExceeded(f"Not rolled out within {longest.allowed:g} seconds{besides}.\n{explained}")

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
        return [seen for seen in waiting if rollouts.is_hopeless(seen.found, seen.pods)]

    def _refused(self, waiting: Sequence[Seen]) -> list[str]:
        """Why workloads whose pods get no node never will, once that has stood for a while."""
        told = []
        daemons_start = any(seen.identity.kind == "DaemonSet" for seen in waiting)
        for seen in waiting:
            lines = [line for pod in seen.pods for line in self._refusals(seen, pod, daemons_start)]
            if lines:
                told.append("\n".join([self._explain(seen), *(f"  {line}" for line in lines)]))
        return told

    def _refusals(self, seen: Seen, pod: Mapping[str, Any], daemons_start: bool) -> list[str]:
        namespace = seen.identity.namespace
        subject = f"{namespace}/{pod['metadata']['name']}"
        found = scheduling.refusal(pod)
        if found is None or pod["metadata"].get("deletionTimestamp"):
            self._unchanged.seconds(subject, None)
            return []
        nodes = self._items("/api/v1/nodes")
        neighbours = self._items(f"/api/v1/namespaces/{namespace}/pods")
        patience = scheduling.grace(found, pod, nodes, neighbours, daemons_start)
        stood = self._unchanged.seconds(subject, (found.reasons, patience))
        if patience is None or stood < patience:
            return []
        labels = ((seen.found or {}).get("metadata") or {}).get("labels") or {}
        return list(scheduling.remedies(found, pod, nodes, str(labels.get(OWNER_LABEL) or "")))

    def _items(self, path: str, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """What only helps to explain, and may be forbidden to who waits."""
        try:
            return list((self._api.get(path, query) or {}).get("items") or [])
        except Refused:
            return []

    def _stages(self, seen: Seen) -> list[Stage]:
        """What each of its pods does."""
        namespace = seen.identity.namespace
        found = []
        for pod in seen.pods:
            events = self._events(namespace, str(pod["metadata"]["name"])) if is_pending(pod) else []
            found.append(stage(pod, events))
        return [one for one in found if one is not None]

    def _tell(self, seen: Seen, stages: Sequence[Stage]) -> None:
        label = seen.identity.name
        summary = self.states[_label(seen.identity)].summary

        def words() -> str:
            return line(label, summary, self._sentences(seen, stages))

        self._announcer.tell(label, (summary, [(one.pod, one.doing) for one in stages]), words)

    def _sentences(self, seen: Seen, stages: Sequence[Stage]) -> list[str]:
        now = datetime.now(timezone.utc)
        return [one.sentence(now, self._last_line(seen.identity.namespace, one)) for one in stages]

    def _last_line(self, namespace: str, one: Stage) -> str:
        """The last line of the log that tells more."""
        if not one.log:
            return ""
        path = f"/api/v1/namespaces/{namespace}/pods/{one.pod}/log"
        log = self._api.text(path, {"container": one.log, "tailLines": "5"})
        lines = [text for text in hide_logins(redact(log, ())).splitlines() if text.strip()]
        return lines[-1].strip()[:_LONGEST_LINE] if lines else ""

    def _pods(self, identity: Identity, found: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        chosen = rollouts.selector(found or {})
        if not chosen:
            return []
        answer = self._api.get(f"/api/v1/namespaces/{identity.namespace}/pods", {"labelSelector": chosen})
        return rollouts.telling_pods(found, (answer or {}).get("items") or [])

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
        told = rollouts.report(_label(identity), state, troubles, notes, logs, causes)
        fetching = [one for one in self._stages(seen) if one.fetching]
        return "\n".join([told, *(f"  {sentence}" for sentence in self._sentences(seen, fetching))])

    def _events(self, namespace: str, name: str) -> list[dict[str, Any]]:
        query = {"fieldSelector": f"involvedObject.name={name}"}
        return self._items(f"/api/v1/namespaces/{namespace}/events", query)

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
