# SPDX-License-Identifier: Apache-2.0
"""The answer of a task that may fail, hang or not reach its host. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..boundary.plain import plain
from .observed_site import bare_reason

_NO_REASON = "no reason was given"


def task_answer(result: Any, key: str) -> dict[str, Any]:
    """The result of a module whose answer always holds ``key``, or the reason why there is none.

    A skipped task has no answer and no reason.
    """
    found: Mapping[str, Any] = result or {}
    answers = key in found
    is_failure = not answers and not found.get("skipped")
    return {
        "reachable": not found.get("unreachable"),
        # Failures are not copied: they may contain tracebacks, and reading those is deprecated.
        "answer": plain(found) if answers else {},
        "reason": bare_reason(found.get("msg")) or _NO_REASON if is_failure else "",
    }


def cluster_absence(kubeconfig: Any, server: str) -> str:
    """Why the API server cannot be reached, from the result of the search for the kubeconfig (stat)."""
    found = plain(kubeconfig) or {}
    if "stat" in found and not found["stat"].get("exists"):
        return f"{server} has no kubeconfig, k3s has not run there"
    if found.get("msg"):
        return f"{server}: {bare_reason(found['msg'])}"
    return "the inventory names neither k3s_servers nor inference_kubeconfig"
