# SPDX-License-Identifier: Apache-2.0
"""A plan in the format that somebody asked for. Pure."""

from __future__ import annotations

import json
from typing import Any

from ...module_utils.errors import InvalidInput
from .plan_document import plan_document
from .plan_text import plan_text

FORMATS = ("table", "json")


def plan_report(plan: Any, observed: Any, hosts: Any, comparison: Any, format: str = "table") -> str:
    """The document of plan_document as text."""
    if format not in FORMATS:
        raise InvalidInput(f"plan_format is {str(format)!r}.", f"Choose {' or '.join(FORMATS)}.")
    document = plan_document(plan, observed, hosts, comparison)
    if format == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return plan_text(document)
