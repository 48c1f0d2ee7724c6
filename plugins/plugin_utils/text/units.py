# SPDX-License-Identifier: Apache-2.0
"""Numbers as people read them. Pure."""

from __future__ import annotations

GIB = 1024**3
_STEPS = ((GIB, "GiB"), (1024**2, "MiB"), (1024, "KiB"))
UNKNOWN = "?"


def size(count: int | float | None) -> str:
    """Bytes in the unit that fits them."""
    if count is None:
        return UNKNOWN
    for step, unit in _STEPS:
        if abs(count) >= step:
            return f"{count / step:.1f} {unit}"
    return f"{count:.0f} B"


def gib(count: int | float | None) -> str:
    """GiB as a bare number, for a column that names its unit."""
    return UNKNOWN if count is None else f"{count / GIB:.2f}"


def whole(count: int | float | None) -> str:
    """A whole number with a separator of thousands."""
    return UNKNOWN if count is None else f"{count:,.0f}"


def seconds(count: int | float | None) -> str:
    """A duration; from two minutes on in minutes."""
    if count is None:
        return UNKNOWN
    if count < 120:
        return f"{count:.0f} s"
    minutes, rest = divmod(round(count), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def many(count: int, word: str) -> str:
    """A count with its word, in the plural if needed."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
