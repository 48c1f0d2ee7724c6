# SPDX-License-Identifier: Apache-2.0
"""Which Deployments have to be scaled so that the wanted mode owns the GPU. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..cluster.objects import has_handed_over
from .names import FIELD_MANAGER
from .record import config_map, record, recorded, recorded_replicas, replicas


def mode_objects(
    models: Iterable[Mapping[str, Any]],
    mode: str,
    namespace: str,
    observed: Mapping[str, Any] | None,
    only_existing: bool = False,
) -> list[dict[str, Any]]:
    """What the field manager of modes has to apply: nothing when the mode is on already.

    ``observed`` has ``objects``, ``config_maps`` and ``namespace_exists`` as cluster_objects_info returns
    them for an owner. A change of mode sets every Deployment. Without one, only these are scaled:

    - an active one that nobody has scaled yet, or whose number the inventory has changed since,
    - one that left the mode, if nobody but the field manager of modes has scaled it.

    So what a person did stays. Off comes before on, because the GPU has to be free first. The record comes
    last, so that a run that is killed starts over.

    ``only_existing`` leaves out what a dry run of the server would refuse: Deployments that do not exist yet,
    and the record where its namespace does not.
    """
    found = observed or {}
    wanted = list(models)
    rows = {row["object"]: row for row in found.get("objects") or []}
    before = recorded(found.get("config_maps"))
    after = record(mode, wanted)
    changed = bool(mode) and before.get("mode") != mode
    off, on = [], []
    for model in wanted:
        name = model["deployment"]
        row = rows.get(f"apps/v1 Deployment {namespace}/{name}") or {}
        if only_existing and not row.get("exists"):
            continue
        now = row.get("replicas")
        if not model.get("active"):
            has_left = list(row.get("replicas_managers") or []) == [FIELD_MANAGER]
            if now and (changed or has_left):
                off.append(_scale(name, namespace, 0))
            continue
        is_new = not has_handed_over(row.get("replicas_managers")) or (changed and now == 0)
        is_resized = bool(now) and recorded_replicas(before, name) != recorded_replicas(after, name)
        if is_new or (is_resized and now != replicas(model)):
            on.append(_scale(name, namespace, replicas(model)))
    may_record = bool(mode) and (not only_existing or bool(found.get("namespace_exists")))
    return [*off, *on, *([config_map(after, namespace)] if may_record and before != after else [])]


def _scale(name: str, namespace: str, number: int) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": number},
    }
