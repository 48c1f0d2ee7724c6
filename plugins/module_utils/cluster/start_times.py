# SPDX-License-Identifier: Apache-2.0
"""How long a pod's last start took, from what the kubelet wrote down. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .timestamps import time_of

# How much longer than its startup probe allows a start may take; a longer time means something else.
_SLACK_S = 60.0


def is_ready(pod: Mapping[str, Any]) -> bool:
    return _ready_since(pod) is not None


def start_seconds(pod: Mapping[str, Any], container: str) -> float | None:
    """From the start of the container to the pod's readiness [seconds]; None if it is unknown.

    A pod that lost its readiness and became ready again would show all the time in between. Such a figure is
    longer than the startup probe would have waited, and is left out.
    """
    ready, started = _ready_since(pod), _running_since(pod, container)
    if ready is None or started is None:
        return None
    took = (ready - started).total_seconds()
    patience = _patience(pod, container)
    if took < 0 or (patience is not None and took > patience + _SLACK_S):
        return None
    return took


def _ready_since(pod: Mapping[str, Any]) -> datetime | None:
    for condition in (pod.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "Ready" and condition.get("status") == "True":
            return time_of(condition.get("lastTransitionTime"))
    return None


def _running_since(pod: Mapping[str, Any], container: str) -> datetime | None:
    for entry in (pod.get("status") or {}).get("containerStatuses") or []:
        if entry.get("name") == container:
            return time_of(((entry.get("state") or {}).get("running") or {}).get("startedAt"))
    return None


def _patience(pod: Mapping[str, Any], container: str) -> float | None:
    """How long the startup probe lets the container start [seconds]."""
    for entry in (pod.get("spec") or {}).get("containers") or []:
        probe = entry.get("startupProbe") or {}
        if entry.get("name") == container and probe:
            period, failures = probe.get("periodSeconds") or 10, probe.get("failureThreshold") or 3
            return float(probe.get("initialDelaySeconds") or 0) + float(period) * float(failures)
    return None
