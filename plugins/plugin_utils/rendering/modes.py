# SPDX-License-Identifier: Apache-2.0
"""Which Deployments a run has to scale so that the wanted mode owns the GPU. Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.planning.plain import plain
from ansible_collections.inference.stack.plugins.plugin_utils.rendering.objects import has_handed_over
from ansible_collections.inference.stack.plugins.plugin_utils.rendering.plain import read_rows

MODE_CONFIG_MAP = "inference-mode"


def mode_objects(models: Any, mode: str, namespace: str, observed: Any) -> list[dict[str, Any]]:
    """What field manager inference-mode has to apply: nothing when the mode is on already.

    A change of mode sets every Deployment; otherwise only the active ones that nobody has scaled yet are
    switched on, so that what a person did since stays. Off comes before on, because the GPU has to be free
    first, and the record comes last, so that a run that is killed starts over.
    """
    found = plain(observed) or {}
    rows = {row["object"]: row for row in found.get("objects") or []}
    recorded = ((found.get("config_maps") or {}).get(MODE_CONFIG_MAP) or {}).get("mode")
    changed = bool(mode) and recorded != mode
    off, on = [], []
    for model in read_rows(models, "vllm_models"):
        row = rows.get(f"apps/v1 Deployment {namespace}/{model['deployment']}") or {}
        wanted = 1 if model.get("active") else 0
        if wanted:
            if not has_handed_over(row) or (changed and row.get("replicas") == 0):
                on.append(_scale(model["deployment"], namespace, wanted))
        elif changed and row.get("replicas"):
            off.append(_scale(model["deployment"], namespace, wanted))
    record = [_record(mode, namespace)] if changed else []
    return [*off, *on, *record]


def _scale(name: str, namespace: str, replicas: int) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": replicas},
    }


def _record(mode: str, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": MODE_CONFIG_MAP,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "inference.stack"},
        },
        "data": {"mode": mode},
    }
