# SPDX-License-Identifier: Apache-2.0
"""What a check found, in words short enough for one line of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...openai_api.failures import redact

PASSED, FAILED, NOT_APPLICABLE = "passed", "failed", "not_applicable"
_QUOTED = 80  # characters of an answer that evidence repeats
_NAME_WIDTH = 17
_STATUS_WIDTH = 15


@dataclass(frozen=True)
class Result:
    """One promise: whether it holds, what was expected, what was seen.

    ``quality`` means that the weights are judged, not the server; such a result may be shown without being
    ``required``. ``figures`` are measurements worth keeping.
    """

    check: str
    status: str
    expected: str = ""
    seen: str = ""
    quality: bool = False
    required: bool = True
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def breaks(self) -> bool:
        """Whether this result breaks the contract."""
        return self.status == FAILED and self.required

    def as_plain(self) -> dict[str, Any]:
        return {**self.__dict__, "figures": dict(self.figures)}

    def line(self) -> str:
        """One line of a table."""
        status = self.status.replace("_", " ")
        if self.status == FAILED and not self.required:
            status = "failed (shown)"
        told = self.seen
        if self.status == FAILED and self.expected:
            told = f"expected {self.expected}; seen: {self.seen}"
        return f"{status:<{_STATUS_WIDTH}}{self.check:<{_NAME_WIDTH}}{told}".rstrip()


def judged(check: str, holds: bool, expected: str, seen: str, **figures: float) -> Result:
    return Result(check, PASSED if holds else FAILED, expected, seen, figures=figures)


def not_applicable(check: str, why: str, **figures: float) -> Result:
    return Result(check, NOT_APPLICABLE, seen=why, figures=figures)


def about_quality(results: Iterable[Result], names: Iterable[str], required: bool) -> list[Result]:
    """The same results, with those of the given names marked as being about the weights."""
    marked = set(names)
    return [
        replace(result, quality=True, required=required) if result.check in marked else result
        for result in results
    ]


def quote(text: str) -> str:
    """An answer as evidence: one line, short, without anything that looks like a key."""
    shown = redact(" ".join(text.split()), ())
    if not shown:
        return "nothing"
    return f"'{shown}'" if len(shown) <= _QUOTED else f"'{shown[:_QUOTED]}…'"
