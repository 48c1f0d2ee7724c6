# SPDX-License-Identifier: Apache-2.0
"""Which active models a proof leaves out, because they cannot keep a contract now, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..boundary.plain import plain
from .changes import UNCHANGED


def proof_gaps(
    plan: Any, absent: Any = (), comparison: Any = None, offered: Any = None
) -> list[dict[str, Any]]:
    """One row for each model to leave out.

    ``absent`` are hosts that did not answer. ``comparison`` (of plan_changes) and ``offered``, the names that
    the gateway offers, are given where the plan may not have been applied: in check mode.
    """
    told = plain(plan)
    away = [str(name) for name in plain(absent) or []]
    return [
        {
            "name": model["name"],
            "served_name": model["served_name"],
            "labels": {"app.kubernetes.io/instance": model["deployment"]},
            "reason": reason,
        }
        for model in (told["vllm_models"] if away or comparison is not None else [])
        if model["active"]
        and (reason := _host_away(told, model, away) or _to_come(model, plain(comparison), plain(offered)))
    ]


def _host_away(plan: Mapping[str, Any], model: Mapping[str, Any], away: Sequence[str]) -> str:
    """Where the plan does not know a model's host, any GPU host that is away may be the one."""
    hosts = {row["name"] for row in plan.get("hosts") or []}
    placed = list(_hosts_of(plan, model))
    missing = [name for name in away if name in placed or (None in placed and name in hosts)]
    return f"{' and '.join(missing)} did not answer" if missing else ""


def _hosts_of(plan: Mapping[str, Any], model: Mapping[str, Any]) -> Iterator[str | None]:
    return (row["host"] for row in plan.get("placement") or [] if row["model"] == model["name"])


def _to_come(
    model: Mapping[str, Any], comparison: Mapping[str, Any] | None, offered: Sequence[str] | None
) -> str:
    if comparison is None:
        return ""
    rows = [row for row in comparison.get("models") or [] if row["model"] == model["name"]]
    if not rows or rows[0]["status"] != UNCHANGED:
        return "a run is still to make or change its engine"
    if not rows[0]["serving"]:
        return "its engine does not serve now"
    if model["served_name"] not in (offered or []):
        return "the gateway does not offer it yet"
    return ""
