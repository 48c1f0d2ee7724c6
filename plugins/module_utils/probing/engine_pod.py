# SPDX-License-Identifier: Apache-2.0
"""What the cluster knows of an engine: why it does not come up, and how long it took to load."""

from __future__ import annotations

from ..cluster import rollouts
from ..cluster.objects import Identity
from ..cluster.start_times import start_seconds
from ..cluster.waiters import Reader, Rollout
from ..errors import ProbeFailed, StackError


class Workload:
    """One Deployment. If the cluster does not answer, the probe's own result stays as it is."""

    def __init__(self, api: Reader, namespace: str, deployment: str, container: str) -> None:
        self._api = api
        self._identity = Identity("apps/v1", "Deployment", namespace, deployment)
        self._container = container

    def in_vain(self) -> str:
        """Why its pods will never serve; empty while they may."""
        try:
            return Rollout(self._api, [self._identity]).in_vain()
        except StackError:
            return ""

    def explain(self) -> str:
        """Its pods' troubles, events and the reason in their logs; empty when all serve."""
        try:
            return Rollout(self._api, [self._identity]).explain()
        except StackError as error:
            return f"What the cluster knows could not be read: {error}"

    def load_seconds(self) -> float | None:
        """The longest time that one of its pods took from its start until it served; None if unknown."""
        found = self._api.read(*self._identity)
        chosen = rollouts.selector(found or {})
        if not chosen:
            return None
        path = f"/api/v1/namespaces/{self._identity.namespace}/pods"
        pods = (self._api.get(path, {"labelSelector": chosen}) or {}).get("items") or []
        times = [start_seconds(pod, self._container) for pod in pods]
        return max((time for time in times if time is not None), default=None)


def require_load_time(seconds: float | None, limit: float) -> None:
    """Raises ProbeFailed when loading took longer than promised. No measurement, no failure."""
    if seconds is not None and limit and seconds > limit:
        raise ProbeFailed(
            f"loading took {seconds:.0f} s, the promise is {limit:.0f} s",
            "Check that the model cache is filled and its disk is fast, or raise load_timeout of the model.",
        )
