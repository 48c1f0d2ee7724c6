# SPDX-License-Identifier: Apache-2.0
"""Reads ConfigMaps that a caller wants to know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from .api import Refused


class Reader(Protocol):
    """The part of Api that reading needs."""

    def read(self, api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any] | None: ...


def read_config_maps(api: Reader, namespace: str, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Their data by name; without those that do not exist. NAMESPACE/NAME is one of another namespace."""
    found = {}
    for name in names:
        other, _, own = name.rpartition("/")
        try:
            found[name] = api.read("v1", "ConfigMap", other or namespace, own)
        except Refused as refusal:
            # A login may be for the site's namespace alone.
            if not other or refusal.status != 403:
                raise
    return {name: item.get("data") or {} for name, item in found.items() if item is not None}
