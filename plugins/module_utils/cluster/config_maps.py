# SPDX-License-Identifier: Apache-2.0
"""Reads ConfigMaps that a caller wants to know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol


class Reader(Protocol):
    """The part of Api that reading needs."""

    def read(self, api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any] | None: ...


def read_config_maps(api: Reader, namespace: str, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Their data by name; those that do not exist are left out."""
    found = {name: api.read("v1", "ConfigMap", namespace, name) for name in names}
    return {name: item.get("data") or {} for name, item in found.items() if item is not None}
