# SPDX-License-Identifier: Apache-2.0
"""The walk as a person or a program reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils.errors import InvalidInput
from ..boundary.plain import plain
from ..diagnosis.layer_results import BROKEN, DEGRADED, NOT_APPLICABLE, NOT_REACHED, OK, UNKNOWN
from ..text.tables import paragraph, table

FORMATS = ("table", "json")
WIDTH = 80
_WORDS = {
    OK: "ok",
    DEGRADED: "degraded",
    BROKEN: "BROKEN",
    UNKNOWN: "not known",
    NOT_REACHED: "not reached",
    NOT_APPLICABLE: "-",
}
_VERDICTS = {
    OK: "ok: every answer comes from the tier that should give it",
    DEGRADED: "DEGRADED: answers come, but not everything is as it should be",
    BROKEN: "BROKEN: not every request is answered",
}
# What is in order is said once; a site with many hosts would fill the screen.
_SHOWN_WELL = 2


def diagnosis_report(document: Any, format: str = "table") -> str:
    """The document in the format that somebody asked for."""
    if format not in FORMATS:
        raise InvalidInput(f"doctor_format is {str(format)!r}.", f"Choose {' or '.join(FORMATS)}.")
    if format == "json":
        return json.dumps(plain(document), indent=2, ensure_ascii=False) + "\n"
    return diagnosis_text(plain(document))


def diagnosis_text(document: Mapping[str, Any]) -> str:
    """Verdict, one row per layer, then what to do."""
    lines = [_VERDICTS[document["verdict"]], ""]
    rows = [cells for row in document["layers"] for cells in _cells(row)]
    lines += table(("layer", "state", "seen"), rows, width=WIDTH)
    lines += _fault(document)
    return "\n".join(lines) + "\n"


def _cells(row: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    bad = [item for item in row["findings"] if item["status"] in (BROKEN, DEGRADED)]
    rest = [item for item in row["findings"] if item["status"] not in (BROKEN, DEGRADED)]
    shown = [*bad, *rest[: 0 if bad else _SHOWN_WELL]]
    title = row["title"]
    for item in shown:
        # A layer that is unknown because of a broken one is one line.
        status = row["status"] if item["status"] == UNKNOWN else item["status"]
        yield title, _WORDS[status], f"{item['subject']}: {item['evidence']}"
        title = ""
    left = len(rest) - (0 if bad else len(shown))
    if left > 0:
        yield title, "", f"… and {left} more" + (" without a fault" if bad else "")
    if not row["findings"]:
        yield title, _WORDS[row["status"]], "the site has none"


def _fault(document: Mapping[str, Any]) -> list[str]:
    fault = document["fault"]
    if not fault:
        return []
    word = "First broken layer" if fault["status"] == BROKEN else "First layer that is not as it should be"
    lines = ["", f"{word}: {fault['title']} ({fault['subject']})"]
    lines += paragraph(fault["evidence"], "  seen  ", width=WIDTH)
    lines += paragraph(fault["next_step"], "  next  ", width=WIDTH)
    return lines
