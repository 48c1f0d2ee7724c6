# SPDX-License-Identifier: Apache-2.0
"""Documents that playbooks keep as JSON, and that later versions read. Pure."""

from __future__ import annotations

import json
from typing import Any

from ...module_utils.errors import InvalidInput


def read_document(text: str, name: str, version: int, fix: str) -> dict[str, Any]:
    """The document of a file; an empty one for an empty text.

    Raises InvalidInput where the key ``format`` is not ``version``. ``name`` is what it holds, for people.
    """
    if not text.strip():
        return {}
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict) or told.get("format") != version:
        raise InvalidInput(f"this version cannot read the {name}", fix)
    return told
