# SPDX-License-Identifier: Apache-2.0
"""Aligned text for a terminal. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from itertools import zip_longest

# Ansible indents what it prints by eight columns; together that stays below 100.
WIDTH = 91
_GAP = "  "
_NARROWEST = 8


def paragraph(text: str, first: str = "", others: str | None = None, width: int = WIDTH) -> list[str]:
    """Words in lines of the width, behind a first prefix and the other lines' own."""
    rest = " " * len(first) if others is None else others
    return _wrap(text, width, first, rest) or [first.rstrip()]


def phrases(pieces: Iterable[str], first: str) -> list[str]:
    """Pieces that belong together, as many in a line as fit; only a piece that is too long is split."""
    room = WIDTH - len(first)
    lines: list[str] = []
    for piece in pieces:
        if lines and len(lines[-1]) + 1 + len(piece) <= room:
            lines[-1] += f" {piece}"
        else:
            lines += _wrap(piece, room)
    prefixes = [first, *[" " * len(first)] * len(lines)]
    return [(prefix + line).rstrip() for prefix, line in zip(prefixes, lines or [""], strict=False)]


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    indent: str = "",
    numbers: Collection[int] = (),
    width: int = WIDTH,
) -> list[str]:
    """Columns as wide as their content, the widest wrapped where needed; ``numbers`` go to the right."""
    cells = [*([heads] if any(heads) else []), *rows]
    if not cells:
        return []
    natural = [max(map(len, column)) for column in zip(*cells, strict=True)]
    widths = _shrink(natural, width - len(indent) - len(_GAP) * (len(natural) - 1))
    lines: list[str] = []
    for row in cells:
        wrapped = [_wrap(cell, room) for cell, room in zip(row, widths, strict=True)]
        for parts in zip_longest(*wrapped, fillvalue=""):
            padded = [
                part.rjust(room) if column in numbers else part.ljust(room)
                for column, (part, room) in enumerate(zip(parts, widths, strict=True))
            ]
            lines.append((indent + _GAP.join(padded)).rstrip())
    return lines


def _shrink(widths: Sequence[int], room: int) -> list[int]:
    """Take from the widest columns until all of them fit."""
    shrunk = list(widths)
    while sum(shrunk) > room and max(shrunk) > _NARROWEST:
        shrunk[shrunk.index(max(shrunk))] -= 1
    return shrunk


def _wrap(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
