"""A cluster that changes while somebody waits, and a clock that only waiting moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.cluster.objects import Identity
from ansible_collections.inference.stack.plugins.module_utils.cluster.waiters import Rollout

NOT_THERE = {
    "kind": "Deployment",
    "metadata": {"name": "d", "generation": 1, "labels": {"inference.stack/owner": "vllm"}},
    "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "d"}}},
    "status": {"observedGeneration": 1, "updatedReplicas": 1},
}
THERE = {**NOT_THERE, "status": {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1}}


class Moment:
    """How the cluster is from a second on."""

    def __init__(
        self,
        since: float,
        *pods: dict[str, Any],
        found: dict[str, Any] | None = None,
        events: Sequence[dict[str, Any]] = (),
        log: str = "",
    ) -> None:
        self.since = since
        self.pods = pods
        self.found = found or NOT_THERE
        self.events = events
        self.log = log


class ScriptedCluster:
    """One workload, through its moments."""

    def __init__(self, *moments: Moment, nodes: Sequence[dict[str, Any]] = ()) -> None:
        self.moments = moments
        self.nodes = nodes
        self.now = 0.0
        self.said: list[tuple[float, str]] = []

    @property
    def moment(self) -> Moment:
        return [one for one in self.moments if one.since <= self.now][-1]

    def read(self, _version: str, _kind: str, _namespace: str, _name: str) -> Any:
        return self.moment.found

    def get(self, path: str, _query: Any = None) -> Any:
        if path == "/api/v1/nodes":
            return {"items": [*self.nodes]}
        return {"items": [*(self.moment.events if path.endswith("/events") else self.moment.pods)]}

    def text(self, _path: str, query: Any = None) -> str:
        return self.moment.log

    def rollout(self, kind: str = "Deployment") -> Rollout:
        def sleep(seconds: float) -> None:
            self.now += seconds

        def say(words: str) -> None:
            self.said.append((self.now, words))

        return Rollout(self, [Identity("apps/v1", kind, "ml", "d")], lambda: self.now, sleep, say)
