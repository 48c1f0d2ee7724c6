# SPDX-License-Identifier: Apache-2.0
"""The ConfigMap in which a cluster records its mode. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..cluster.objects import MANAGED_BY, MANAGED_BY_LABEL
from .names import CONFIG_MAP

_MODE = "mode"
_REPLICAS = "replicas."
"""Followed by the Deployment's name: how many engines run while the mode is on, if not one."""


def record(mode: str, models: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The data that say which mode owns the GPU and how many engines of each model that means."""
    numbers = {_REPLICAS + row["deployment"]: str(replicas(row)) for row in models if replicas(row) != 1}
    return {_MODE: mode, **numbers}


def recorded(config_maps: Mapping[str, Mapping[str, str]] | None) -> dict[str, str]:
    """The record among ConfigMaps by name, without keys of others; empty if there is none."""
    data = (config_maps or {}).get(CONFIG_MAP) or {}
    return {key: value for key, value in data.items() if key == _MODE or key.startswith(_REPLICAS)}


def recorded_mode(config_maps: Mapping[str, Mapping[str, str]] | None) -> str | None:
    """The mode that owns the GPU; None where nothing is recorded."""
    return recorded(config_maps).get(_MODE)


def recorded_replicas(data: Mapping[str, str], deployment: str) -> str | None:
    """How many engines a record asks for, if not one."""
    return data.get(_REPLICAS + deployment)


def replicas(model: Mapping[str, Any]) -> int:
    """How many engines of a model run while its mode is on."""
    return int(model.get("replicas") or 1)


def config_map(data: Mapping[str, str], namespace: str) -> dict[str, Any]:
    """The ConfigMap with a record."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": CONFIG_MAP,
            "namespace": namespace,
            "labels": {MANAGED_BY_LABEL: MANAGED_BY},
        },
        "data": dict(data),
    }
