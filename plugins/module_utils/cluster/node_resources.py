# SPDX-License-Identifier: Apache-2.0
"""Which nodes offer a resource. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Offers(NamedTuple):
    offering: dict[str, int]
    lacking: dict[str, str]


def label_selector(labels: Mapping[str, str]) -> str:
    """Labels as the API server takes them in a query."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def offers(nodes: Iterable[Mapping[str, Any]], resource: str) -> Offers:
    """Allocatable amounts by node, and for every other node what is known about why it has none."""
    offering: dict[str, int] = {}
    lacking: dict[str, str] = {}
    for node in nodes:
        name = str(node["metadata"]["name"])
        status = node.get("status") or {}
        amount = str((status.get("allocatable") or {}).get(resource) or "0")
        if amount.isdigit() and int(amount) > 0:
            offering[name] = int(amount)
        else:
            lacking[name] = _reason(status, resource)
    return Offers(offering, lacking)


def _reason(status: Mapping[str, Any], resource: str) -> str:
    for condition in status.get("conditions") or []:
        if condition.get("type") == "Ready" and condition.get("status") != "True":
            return f"the node is not ready: {condition.get('message') or condition.get('reason')}"
    if resource in (status.get("capacity") or {}):
        return f"its capacity of {resource} is {status['capacity'][resource]}, none of it healthy"
    return f"no device plugin has registered {resource} there"
