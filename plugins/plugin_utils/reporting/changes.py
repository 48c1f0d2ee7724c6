# SPDX-License-Identifier: Apache-2.0
"""Compares a plan with what runs: what restarts, comes, goes or stays, and who answers meanwhile. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils.cluster.redaction import hide_secrets
from ...module_utils.mode.hand_over import mode_objects
from ...module_utils.mode.record import recorded_mode
from ..boundary.filters import read_rows
from ..boundary.plain import plain
from .departures import departures, other_namespaces
from .missing_downloads import downloads
from .pod_changes import Change, differences

ANSWERS, ABSENT, UNKNOWN = "answers", "absent", "unknown"
# What happens to an engine. Those of the last line need no restart of anything.
CREATED, RESTARTS, SCALED_UP, SCALED_DOWN, REMOVED = (
    "created",
    "restarts",
    "scaled_up",
    "scaled_down",
    "removed",
)
UPDATED, UNCHANGED, NOT_COMPARED = "updated", "unchanged", "unknown"
STATUSES = (CREATED, RESTARTS, SCALED_UP, SCALED_DOWN, REMOVED, UPDATED, UNCHANGED, NOT_COMPARED)


def plan_changes(plan: Any, definitions: Any, live: Any, hosts: Any) -> dict[str, Any]:
    """The comparison; ``definitions`` would be applied, ``live`` is the result of deployment_info."""
    planned, found = plain(plan), plain(live) or {}
    caches = downloads(planned, read_rows(hosts, "hosts"))
    state = ANSWERS if found.get("answers") else ABSENT if found.get("absent") else UNKNOWN
    rows = _models(planned, read_rows(definitions, "definitions"), found, state)
    repositories = {model["name"]: model["repository"] for model in planned["vllm_models"]}
    for row in rows:
        row["meanwhile"] = _meanwhile(planned, row) if row["away"] else []
        row["download_bytes"] = _download(repositories.get(row["model"]), caches)
    return {
        "cluster": {"state": state, "server": found.get("server") or "", "reason": found.get("reason") or ""},
        "mode": {"live": recorded_mode(found.get("config_maps")), "planned": planned["default_mode"]},
        "models": rows,
        "parts": departures(planned, found),
        "elsewhere": other_namespaces(planned, found),
        "downloads": caches,
        "foreign_fields": [
            f"{row['object']}: {row['field']} (by {row['manager']})"
            for row in found.get("foreign_fields") or []
        ],
        "summary": {status: sum(row["status"] == status for row in rows) for status in STATUSES},
    }


def _models(
    plan: Mapping[str, Any], definitions: Sequence[Mapping[str, Any]], live: Mapping[str, Any], state: str
) -> list[dict[str, Any]]:
    running = {row["name"]: row for row in live.get("deployments") or []}
    wanted = {row["metadata"]["name"]: row for row in definitions if row["kind"] == "Deployment"}
    scaled = _scaled(plan, live, running) if state == ANSWERS else {}
    rows = []
    for model in plan["vllm_models"]:
        name = model["deployment"]
        if state == UNKNOWN:
            rows.append(_row(model, NOT_COMPARED))
        elif name not in running:
            rows.append(_row(model, CREATED))
        else:
            template = hide_secrets(wanted[name]["spec"]["template"])
            rows.append(_compare(model, running[name], template, scaled.get(name)))
    gone = [row for name, row in running.items() if row.get("owned") and name not in wanted]
    return rows + [_removed(row) for row in gone]


def _scaled(
    plan: Mapping[str, Any], live: Mapping[str, Any], running: Mapping[str, Mapping[str, Any]]
) -> dict[str, int]:
    """What the roles would scale, by the same rule."""
    namespace = plan["namespace"]
    objects = [
        {
            "object": f"apps/v1 Deployment {namespace}/{name}",
            "exists": True,
            "replicas": row.get("replicas"),
            "replicas_managers": row.get("replicas_managers"),
        }
        for name, row in running.items()
    ]
    observed = {"objects": objects, "config_maps": live.get("config_maps")}
    active = [model["mode"] for model in plan["vllm_models"] if model["active"]]
    found = mode_objects(plan["vllm_models"], active[0] if active else "", namespace, observed)
    return {row["metadata"]["name"]: row["spec"]["replicas"] for row in found if row["kind"] == "Deployment"}


def _compare(
    model: Mapping[str, Any], running: Mapping[str, Any], template: Mapping[str, Any], scaled: int | None
) -> dict[str, Any]:
    now = int(running.get("replicas") or 0)
    later = now if scaled is None else scaled
    changes = differences(running["template"], template)
    if now and not later:
        status = SCALED_DOWN
    elif later and not now:
        status = SCALED_UP
    elif changes:
        status = RESTARTS if now else UPDATED
    elif now != later:
        status = SCALED_UP if later > now else SCALED_DOWN
    else:
        status = UNCHANGED
    row = _row(model, status, changes, _last_start(running))
    if status in (SCALED_UP, SCALED_DOWN) and now and later:
        row["away"] = None  # the others go on answering
    serving = sum(bool(pod.get("ready")) for pod in running.get("pods") or [])
    return {**row, "replicas": {"live": now, "planned": later}, "serving": serving}


def _row(
    model: Mapping[str, Any], status: str, changes: Iterable[Change] = (), last_start: float | None = None
) -> dict[str, Any]:
    """One model. ``away`` is how long it cannot answer; None if nothing interrupts it."""
    away: dict[str, Any] | None = None
    if status == SCALED_DOWN:
        away = {"seconds_at_most": None, "until": f"mode {model['mode']}", "last_start_seconds": last_start}
    elif status in (RESTARTS, SCALED_UP) or (status == CREATED and model["active"]):
        away = {"seconds_at_most": model["load_timeout"], "until": "", "last_start_seconds": last_start}
    listed = [change.as_plain() for change in changes]
    planned = int(model.get("replicas") or 1) if model["active"] else 0
    return {
        "model": model["name"],
        "served_name": model["served_name"],
        "deployment": model["deployment"],
        "mode": model["mode"],
        "status": status,
        "replicas": {"live": None if status == NOT_COMPARED else 0, "planned": planned},
        "serving": 0,
        "changes": listed,
        "pulls_image": status == CREATED or any(change["field"] == "image" for change in listed),
        "away": away,
    }


def _removed(running: Mapping[str, Any]) -> dict[str, Any]:
    labels = (running["template"].get("metadata") or {}).get("labels") or {}
    now = int(running.get("replicas") or 0)
    return {
        "model": labels.get("inference.stack/model") or running["name"],
        "served_name": "",
        "deployment": running["name"],
        "mode": labels.get("inference.stack/mode") or "",
        "status": REMOVED,
        "replicas": {"live": now, "planned": 0},
        "serving": sum(bool(pod.get("ready")) for pod in running.get("pods") or []),
        "changes": [],
        "pulls_image": False,
        "away": {"seconds_at_most": None, "until": "", "last_start_seconds": None} if now else None,
    }


def _last_start(running: Mapping[str, Any]) -> float | None:
    """The slowest of the pods' last starts [seconds]."""
    known = [
        pod["start_seconds"] for pod in running.get("pods") or [] if pod.get("start_seconds") is not None
    ]
    return max(known, default=None)


def _download(repository: str | None, caches: Sequence[Mapping[str, Any]]) -> int | None:
    """The most that a host has to download: 0 if every host has the model, None if the size is unknown."""
    missing = [item for host in caches for item in host["missing"] if item["repository"] == repository]
    if any(item["bytes"] is None for item in missing):
        return None
    return max((item["bytes"] for item in missing), default=0)


def _meanwhile(plan: Mapping[str, Any], row: Mapping[str, Any]) -> list[dict[str, str]]:
    """Who answers in the model's place, in the order in which the gateway asks them."""
    tiers = {name: tier["name"] for tier in plan["tiers"] for name in tier["models"]}
    for entry in plan["litellm_fallbacks"]:
        if row["served_name"] in entry:
            return [{"model": name, "tier": tiers.get(name, "")} for name in entry[row["served_name"]]]
    return []
