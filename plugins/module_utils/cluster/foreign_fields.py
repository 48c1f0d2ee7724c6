# SPDX-License-Identifier: Apache-2.0
"""Which fields of our objects somebody else wrote. Pure.

A server-side apply leaves fields alone that it does not name. What a person added by hand therefore survives
every run, and metadata.managedFields tells who wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from .objects import FIELD_MANAGER

# Parts of Kubernetes and of this collection whose fields are no surprise.
_EXPECTED = frozenset(
    {
        *(FIELD_MANAGER, "inference-mode", "inference-restart", "inference-restart-due"),
        *("k3s", "kubelet", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
        *("cloud-controller-manager", "k3s-supervisor", "deploy@server"),
    }
)
# kubectl's own records, and the number of replicas, which modes and autoscalers share.
_UNREMARKABLE = frozenset(
    {
        "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]",
        "metadata.annotations[deployment.kubernetes.io/revision]",
        "spec.template.metadata.annotations[kubectl.kubernetes.io/restartedAt]",
        "spec.replicas",
    }
)
_MAPS = ("labels", "annotations", "data", "nodeSelector", "matchLabels", "limits", "requests")


def foreign_fields(found: Mapping[str, Any], wanted: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Rows with manager and field, for every field that others own and we do not.

    Fields that ``wanted`` has are left out, where it is known: an apply takes them back.
    """
    taken_back = frozenset(_names(wanted or {}))
    entries = [
        (str(entry.get("manager") or ""), entry.get("fieldsV1") or {})
        for entry in (found.get("metadata") or {}).get("managedFields") or []
        if not entry.get("subresource")
    ]
    ours = {path for manager, fields in entries if manager in _EXPECTED for path in _paths(fields)}
    rows = [
        {"manager": manager, "field": path}
        for manager, fields in entries
        if manager not in _EXPECTED
        for path in _outermost(_paths(fields), ours)
        if path not in _UNREMARKABLE and path not in taken_back and not path.startswith("status")
    ]
    return sorted(rows, key=lambda row: (row["field"], row["manager"]))


def _names(value: Any, prefix: str = "", parent: str = "") -> Iterator[str]:
    """Paths of everything that an object holds, spelled as those of managed fields."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            path, name, _ = _step(f"f:{key}", prefix, parent)
            yield path
            yield from _names(inner, path, name)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, Mapping) and "name" in inner:
                path = f"{prefix}[{inner['name']}]"
                yield path
                yield from _names(inner, path)


def _outermost(paths: Iterable[str], ours: Container[str]) -> Iterator[str]:
    """The paths that are not ours. An item of a list stands for all its parts."""
    added = ""
    for path in paths:
        if path in ours or (added and path.startswith((f"{added}.", f"{added}["))):
            continue
        added = path
        yield path


def _paths(fields: Mapping[str, Any], prefix: str = "", parent: str = "") -> Iterator[str]:
    """Items of lists, and then leaves, of fieldsV1, such as spec.template.spec.containers[a].env[DEBUG]."""
    for key, inner in fields.items():
        if key == ".":
            continue
        path, name, is_item = _step(key, prefix, parent)
        if not inner or (is_item and "." in inner):
            yield path
        yield from _paths(inner, path, name)


def _step(key: str, prefix: str, parent: str) -> tuple[str, str, bool]:
    kind, _, name = key.partition(":")
    if kind == "f":
        is_entry = parent in _MAPS
        path = f"{prefix}[{name}]" if is_entry else f"{prefix}.{name}" if prefix else name
        return path, "" if is_entry else name, False
    try:
        value = json.loads(name)
    except ValueError:
        value = name
    shown = ", ".join(str(part) for part in value.values()) if isinstance(value, dict) else str(value)
    return f"{prefix}[{shown}]", "", True
