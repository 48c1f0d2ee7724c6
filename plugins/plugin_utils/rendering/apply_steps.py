# SPDX-License-Identifier: Apache-2.0
"""What a run has to do, in order, so that the cluster has the objects of all owners. Pure.

Services that left the lists and have a node port that another one gets go before anything is applied.
Namespaces come next, then Secrets (in a call without log), then everything else by kind, then what left the
lists, and last the restarts of pods with an outdated configuration. Where an owner's workloads run and its
Jobs have not ended, changed workloads wait for the Jobs: what those prepare is there before pods go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils.cluster.objects import WORKLOADS, Identity
from ...module_utils.cluster.restarts import RESTART_DUE, RESTARTED
from ...module_utils.errors import InvalidInput
from ..boundary.plain import plain
from ..text.units import many
from .objects import rank

_DIFFERENCES = (
    *("unknown_kinds", "unseen", "namespaces", "secrets", "objects", "stale", "restarts", "missing_secrets"),
    *("awaited_jobs", "later", "taken_node_ports", "unknown_namespaces"),
)
_JOB = "Job"
_RUNNING = frozenset(WORKLOADS) - {_JOB}
_CREATED, _CHANGED, _UNTRIED = "created", "changed", "untried"


def apply_steps(observed: Any, sets: Any, check_mode: bool = False, now: str = "") -> dict[str, Any]:
    """The steps. ``observed`` is the result of cluster_objects_info; empty when there is no cluster yet.

    Check mode holds back what a dry run of the server would refuse, and lists it as ``unseen`` instead.
    """
    seen: dict[str, Any] = plain(observed) or {}
    owners: dict[str, Mapping[str, Any]] = seen.get("owners") or {}
    if not owners:
        return {**_nothing(), "unseen": _names(plain(sets)), "differs": True}
    rows = [row for found in owners.values() for row in found["objects"]]
    held_back = {row["object"] for row in rows if not row["applicable"]} if check_mode else set()
    pending = _once(row for found in owners.values() for row in found["pending"])
    pending = [row for row in pending if row["object"] not in held_back]
    jobs = {} if check_mode else _awaited_jobs(owners)
    later = [
        row for found in map(owners.get, jobs) for row in (found or {})["pending"] if _replaces_pods(row)
    ]
    pending = [row for row in pending if row not in later]
    restarts = [row for found in owners.values() for row in found["restarts"]]
    stale = [row for found in owners.values() for row in found["stale"]]
    taken = seen.get("taken_node_ports") or []
    steps = {
        "unknown_kinds": [row["object"] for row in rows if row["obstacle"] == "api"],
        "unknown_namespaces": _unknown_namespaces(rows),
        "unseen": [row["object"] for row in rows if not row["applicable"]] if check_mode else [],
        **_calls(pending, _pending_secrets(owners, check_mode)),
        "awaited_jobs": [Identity.parse(name).reference() for names in jobs.values() for name in names],
        "later": [row["definition"] for row in later],
        "later_changes": any(row["verdict"] == _CHANGED for row in later),
        "taken_node_ports": [_taken(row) for row in taken if not row["leaves"]],
        "stale_first": _holders(stale, taken),
        "stale": stale,
        "inventories": [found["inventory"] for found in owners.values() if found["stale"]],
        "restarts_due": [_restart_due(row, now) for row in restarts],
        "restarts": [_restart(row, now) for row in restarts],
        "restarted": [f"{row['object']}: {row['because']}" for row in restarts],
        "missing_secrets": [
            _missing(row, owner) for owner, found in owners.items() for row in found["missing_secrets"]
        ],
        "foreign_fields": _foreign(rows),
        "elsewhere": [_elsewhere(row) for row in seen.get("elsewhere") or []],
        "unfinished": {name: how for found in owners.values() for name, how in found["unfinished"].items()},
    }
    steps["differs"] = any(steps[key] for key in _DIFFERENCES)
    return steps


def pending_secrets(steps: Any, sets: Any) -> list[dict[str, Any]]:
    """What is applied without log: the pending Secrets with the namespaces that they need. Secret."""
    found, wanted = plain(steps), {row["owner"]: row for row in plain(sets)}
    secrets = [wanted[row["owner"]]["secrets"][row["place"]] for row in found["secrets"]]
    return [*found["namespaces"], *secrets]


def _calls(pending: Sequence[Mapping[str, Any]], secrets: list[dict[str, Any]]) -> dict[str, Any]:
    """Namespaces go with the Secrets where some are pending, else with everything else."""
    namespaces = [row for row in pending if row["definition"]["kind"] == "Namespace"] if secrets else []
    objects = [row for row in pending if row not in namespaces]
    verdicts = {row["verdict"] for row in objects}
    return {
        "secrets": secrets,
        "namespaces": [row["definition"] for row in namespaces],
        "objects": [row["definition"] for row in objects],
        # A field that only changed its owner is not reported as a change.
        "changes": bool(verdicts & {_CREATED, _CHANGED}),
        "untried": _UNTRIED in verdicts,
    }


def _nothing() -> dict[str, Any]:
    lists = (
        *("unknown_kinds", "unseen", "namespaces", "secrets", "objects", "stale", "inventories", "restarts"),
        *("restarts_due", "restarted", "missing_secrets", "foreign_fields", "awaited_jobs", "later"),
        *("taken_node_ports", "stale_first", "elsewhere", "unknown_namespaces"),
    )
    nothing = {"changes": False, "untried": False, "later_changes": False, "unfinished": {}}
    return {**{name: [] for name in lists}, **nothing}


def _unknown_namespaces(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Namespaces of objects that are not there, and that no owner of these sets makes."""
    made = {Identity.parse(row["object"]).name for row in rows if _kind(row) == "Namespace"}
    needed = {Identity.parse(row["object"]).namespace for row in rows if row["obstacle"] == "namespace"}
    return sorted(needed - made)


def _awaited_jobs(owners: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """The Jobs that have not ended, by owners whose workloads run; a new one has nothing to lose."""
    found = {}
    for owner, row in owners.items():
        running = any(
            entry["exists"] and entry.get("replicas", 1)
            for entry in row["objects"]
            if _kind(entry) in _RUNNING
        )
        jobs = [entry["object"] for entry in row["objects"] if _kind(entry) == _JOB]
        open_ = [name for name in jobs if name.partition(" ")[2] in row["unfinished"]]
        if running and open_:
            found[owner] = open_
    return found


def _kind(row: Mapping[str, Any]) -> str:
    return Identity.parse(row["object"]).kind


def _replaces_pods(row: Mapping[str, Any]) -> bool:
    return row["verdict"] == _CHANGED and _kind(row) in _RUNNING


def _names(sets: Iterable[Mapping[str, Any]]) -> list[str]:
    """What would be created where there is no cluster."""
    names: dict[str, None] = {}
    for row in sets:
        for definition in (*row["foundation"], *row["secrets"], *row["definitions"]):
            names[str(Identity.of(definition))] = None
    return list(names)


def _once(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """By kind, in the order of the owners. Owners that share a namespace apply it once."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        earlier = found.setdefault(row["object"], row)
        if earlier["definition"] != row["definition"]:
            raise InvalidInput(
                f"Two owners want {row['object']} differently.", "Name it in one of them only."
            )
    return sorted(found.values(), key=lambda row: rank(row["definition"]))


def _pending_secrets(owners: Mapping[str, Mapping[str, Any]], check_mode: bool) -> list[dict[str, Any]]:
    """Where the Secrets to apply stand. A namespace that is missing comes with whatever is applied first."""
    return [
        {"owner": owner, "place": place}
        for owner, found in owners.items()
        if found["namespace_exists"] or not check_mode
        for place in found["pending_secrets"]
    ]


def _restart(row: Mapping[str, Any], now: str) -> dict[str, Any]:
    return {**row["reference"], "spec": {"template": {"metadata": {"annotations": {RESTARTED: now}}}}}


def _restart_due(row: Mapping[str, Any], now: str) -> dict[str, Any]:
    """Written before anything changes, so that the run after a killed one knows what is due."""
    metadata = {**row["reference"]["metadata"], "annotations": {RESTART_DUE: now}}
    return {**row["reference"], "metadata": metadata}


def _missing(row: Mapping[str, Any], owner: str) -> str:
    if row["exists"]:
        return f"The Secret {row['name']} of {owner} lacks {', '.join(row['keys'])}."
    return f"The Secret {row['name']} of {owner} does not exist."


def _taken(row: Mapping[str, Any]) -> str:
    wants, has = Identity.parse(row["object"]), Identity.parse(row["holder"])
    return (
        f"Node port {row['node_port']} of {wants.namespace}/{wants.name} belongs to Service "
        f"{has.namespace}/{has.name}. Change {row['variable'] or 'the node port'}, or remove that Service "
        f"(kubectl -n {has.namespace} delete service {has.name})."
    )


def _holders(stale: Iterable[Mapping[str, Any]], taken: Iterable[Mapping[str, Any]]) -> list[Any]:
    """What left the lists and has to go first, because a Service that is applied gets its node port."""
    names = {row["holder"] for row in taken if row["leaves"]}
    return [reference for reference in stale if str(Identity.of(reference)) in names]


def _elsewhere(row: Mapping[str, Any]) -> str:
    """What stays in another namespace, and how it is removed."""
    keeps = [
        *([f"the GPUs of {', '.join(row['with_gpus'])}"] if row["with_gpus"] else []),
        *([f"node port {', '.join(map(str, row['node_ports']))}"] if row["node_ports"] else []),
    ]
    lost = f" (deletes the data of the claim {', '.join(row['claims'])})" if row["claims"] else ""
    kept = f" and keeps {' and '.join(keeps)}" if keeps else ""
    return (
        f"Namespace {row['namespace']} still has {many(len(row['objects']), 'object')} of "
        f"{', '.join(row['owners'])}{kept}. No run removes them: another site may be served from there. "
        f"If none is: {row['removal']}{lost}"
    )


def _foreign(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{row['object']}: {field['field']} (by {field['manager']})"
        for row in rows
        for field in row.get("foreign_fields") or []
    ]
