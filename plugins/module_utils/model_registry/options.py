# SPDX-License-Identifier: Apache-2.0
"""Options of the modules that write to a registry. plugins/doc_fragments/registry.py documents them."""

from __future__ import annotations

from typing import Any

from .rows import COSTS, NAME, TEXTS, Changes, Row

REGISTRY_OPTIONS: dict[str, dict[str, Any]] = {
    "models": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            **{key: {"type": "str", "default": ""} for key in TEXTS},
            NAME: {"type": "str", "required": True},
            **{key: {"type": "float", "default": 0.0} for key in COSTS},
        },
    },
    "timeout": {"type": "int", "default": 30},
}


def answer(changes: Changes, before: list[Row]) -> dict[str, Any]:
    """What a module returns."""
    return {**changes.as_plain(), "diff": changes.diff(), "present": before}
