# SPDX-License-Identifier: Apache-2.0
"""The inventory of an owner: the ConfigMap that lists what it applied last. Pure.

Kubernetes calls such a list the inventory of an ApplySet. What it lists and what is no longer wanted
may be removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import InvalidInput
from .objects import MANAGED_BY, MANAGED_BY_LABEL, OWNER_LABEL, Identity


def inventory_name(owner: str) -> str:
    """The name of the ConfigMap."""
    return f"inference-stack-{owner}"


def inventory(identities: Iterable[Identity], owner: str, namespace: str) -> dict[str, Any]:
    """The ConfigMap, with one line per object."""
    lines = sorted({str(identity) for identity in identities})
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": inventory_name(owner),
            "namespace": namespace,
            "labels": {MANAGED_BY_LABEL: MANAGED_BY, OWNER_LABEL: owner},
        },
        "data": {"objects": "".join(f"{line}\n" for line in lines)},
    }


def listed_objects(found: Mapping[str, Any] | None) -> list[Identity]:
    """What the ConfigMap lists. A line that cannot be read is ignored: nothing is deleted because of it."""
    text = ((found or {}).get("data") or {}).get("objects") or ""
    identities = []
    for line in str(text).splitlines():
        try:
            identities.append(Identity.parse(line))
        except InvalidInput:
            continue
    return identities
