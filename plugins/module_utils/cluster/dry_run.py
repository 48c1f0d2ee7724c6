# SPDX-License-Identifier: Apache-2.0
"""What would an apply do to a live object? Pure: the object, and what a dry run made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CREATED = "created"
CHANGED = "changed"
ADOPTED = "adopted"
"""Only the owners of fields differ: it is applied, but not reported as a change."""
UNCHANGED = "unchanged"
UNTRIED = "untried"
"""The server takes no dry run of it."""

# Written by servers and controllers, never by an apply.
_SERVERS_METADATA = frozenset(("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"))


def verdict(found: Mapping[str, Any], tried: Mapping[str, Any], field_manager: str) -> str:
    """Compare a live object with the outcome of the dry run."""
    if _content(found) != _content(tried):
        return CHANGED
    return UNCHANGED if _owned(found, field_manager) == _owned(tried, field_manager) else ADOPTED


def is_same_version(found: Mapping[str, Any], tried: Mapping[str, Any]) -> bool:
    """Whether nobody wrote between the read and the dry run."""
    return bool(found["metadata"].get("resourceVersion") == tried["metadata"].get("resourceVersion"))


def _content(document: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in document["metadata"].items() if key not in _SERVERS_METADATA}
    content = {key: value for key, value in document.items() if key != "status"}
    return {**content, "metadata": metadata}


def _owned(document: Mapping[str, Any], field_manager: str) -> list[Any]:
    """The fields that a manager owns because it applied them."""
    return [
        entry.get("fieldsV1")
        for entry in document["metadata"].get("managedFields") or []
        if entry.get("manager") == field_manager and entry.get("operation") == "Apply"
    ]
