# SPDX-License-Identifier: Apache-2.0
"""Which Deployments a run has to scale so that the wanted mode owns the GPU. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils.cluster.objects import has_handed_over
from ...module_utils.mode.names import CONFIG_MAP
from ..boundary.filters import read_rows
from ..boundary.plain import plain

_REPLICAS = "replicas."  # and the Deployment's name: how many engines "on" means, where that is not one


def mode_objects(models: Any, mode: str, namespace: str, observed: Any) -> list[dict[str, Any]]:
    """What field manager inference-mode has to apply: nothing when the mode is on already.

    A change of mode sets every Deployment; otherwise only the active ones that nobody has scaled yet are
    switched on, or those whose number the inventory has changed since, so that what a person did stays. Off
    comes before on, because the GPU has to be free first, and the record comes last, so that a run that is
    killed starts over.
    """
    found = plain(observed) or {}
    rows = {row["object"]: row for row in found.get("objects") or []}
    recorded = (found.get("config_maps") or {}).get(CONFIG_MAP) or {}
    wanted = read_rows(models, "vllm_models")
    record = {"mode": mode, **_numbers(wanted)}
    changed = bool(mode) and recorded.get("mode") != mode
    off, on = [], []
    for model in wanted:
        name = model["deployment"]
        row = rows.get(f"apps/v1 Deployment {namespace}/{name}") or {}
        replicas = row.get("replicas")
        if not model.get("active"):
            if changed and replicas:
                off.append(_scale(name, namespace, 0))
            continue
        is_new = not has_handed_over(row.get("replicas_managers")) or (changed and replicas == 0)
        is_resized = bool(replicas) and recorded.get(_REPLICAS + name) != record.get(_REPLICAS + name)
        if is_new or (is_resized and replicas != _replicas(model)):
            on.append(_scale(name, namespace, _replicas(model)))
    ours = {key: value for key, value in recorded.items() if key == "mode" or key.startswith(_REPLICAS)}
    return [*off, *on, *([_record(record, namespace)] if mode and ours != record else [])]


def _replicas(model: Mapping[str, Any]) -> int:
    return int(model.get("replicas") or 1)


def _numbers(models: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What the record says of models that run more than one engine."""
    return {_REPLICAS + row["deployment"]: str(_replicas(row)) for row in models if _replicas(row) != 1}


def _scale(name: str, namespace: str, replicas: int) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": replicas},
    }


def _record(data: Mapping[str, str], namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": CONFIG_MAP,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "inference.stack"},
        },
        "data": dict(data),
    }
