# SPDX-License-Identifier: Apache-2.0
"""What has to happen to a platform's registry of models so that it names the models of a site. Pure.

A registry has other people's rows as well. Which are ours is known from a record of what we wrote
(``owners``), never from what a row looks like: a row with no entry there is somebody else's, and stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from ..errors import InvalidInput

NAME = "name"
COSTS = ("input_cost", "output_cost")
TEXTS = (NAME, "display_name", "backend_url", "served_name")
FIELDS = (*TEXTS, *COSTS)

# A row is text by text, numbers too: that is how databases and commands take it.
Row = dict[str, str]


@dataclass(frozen=True)
class Changes:
    """What to do, in this order. ``foreign`` rows are somebody else's and already say what ours would say."""

    remove: list[Row] = field(default_factory=list)
    change: list[tuple[Row, Row]] = field(default_factory=list)
    add: list[Row] = field(default_factory=list)
    adopt: list[str] = field(default_factory=list)
    forget: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        return bool(self.remove or self.change or self.add or self.adopt)

    def as_plain(self) -> dict[str, Any]:
        return {
            "changed": self.any,
            "added": [row[NAME] for row in self.add],
            "updated": [after[NAME] for _, after in self.change],
            "removed": [row[NAME] for row in self.remove],
            "adopted": list(self.adopt),
            "foreign": list(self.foreign),
        }

    def diff(self) -> dict[str, str]:
        """Only rows that change; none of them holds a secret."""
        before = [*self.remove, *(row for row, _ in self.change)]
        after = [*(row for _, row in self.change), *self.add]
        return {"before": _lines(before), "after": _lines(after)}


def number(value: Any) -> str:
    """A number without an exponent and zeros at its end, so that 0.0005 and 5.00E-4 are the same text."""
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return str(value)
    if not found.is_finite():
        return str(value)
    text = format(found, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def as_row(given: Mapping[str, Any], fields: Iterable[str] = FIELDS) -> Row:
    """A row in the one form in which rows are compared."""
    return {
        key: number(given[key]) if key in COSTS else str(given[key])
        for key in fields
        if given.get(key) is not None
    }


def wanted_rows(given: Sequence[Mapping[str, Any]], fields: Iterable[str] = FIELDS) -> list[Row]:
    """The rows of a site. Raises InvalidInput for a name that is empty or there twice."""
    rows = [as_row(row, fields) for row in given]
    names = [row.get(NAME, "") for row in rows]
    if not all(name.strip() for name in names):
        raise InvalidInput("A model of the registry has an empty name.", "Give each model a name.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(
            f"The registry would get {', '.join(twice)} twice.", "Give each model a registry_name of its own."
        )
    return rows


def compare(
    wanted: Sequence[Row],
    present: Mapping[str, Sequence[Row]],
    owners: Mapping[str, str],
    owner: str,
    adopt: bool = False,
) -> Changes:
    """What to do with ``present`` rows, of which ``owners`` says whose they are.

    Raises InvalidInput that names every row that stands in the way, before anything was changed.
    """
    changes = Changes()
    problems: list[str] = []
    for row in wanted:
        name = row[NAME]
        found = list(present.get(name, ()))
        holder = owners.get(name)
        if holder not in (None, owner):
            problems.append(f"{name} belongs to {holder}")
        elif len(found) > 1:
            problems.append(f"{name} is there {len(found)} times")
        elif not found:
            changes.add.append(row)
        elif holder is None and not adopt and found[0] != row:
            problems.append(f"{name} is somebody else's row ({_difference(found[0], row)})")
        else:
            if found[0] != row:
                changes.change.append((found[0], row))
            if holder is None:
                (changes.adopt if adopt else changes.foreign).append(name)
    kept = {row[NAME] for row in wanted}
    for name in sorted(name for name, holder in owners.items() if holder == owner and name not in kept):
        found = list(present.get(name, ()))
        if len(found) > 1:
            problems.append(f"{name} should go, but is there {len(found)} times")
        elif found:
            changes.remove.append(found[0])
        else:
            changes.forget.append(name)
    if problems:
        raise InvalidInput(
            f"The registry has rows that are not ours to change: {'; '.join(problems)}.",
            "Give the model another registry_name, or take a row over with model_registry_adopt: true. Rows "
            "that this site wrote as another owner need model_registry_owner (inference_registry_owner).",
        )
    return changes


def _difference(found: Row, wanted: Row) -> str:
    differing = [key for key in wanted if found.get(key) != wanted[key]]
    return ", ".join(f"{key} is {found.get(key, 'empty')}" for key in differing)


def _lines(rows: Iterable[Row]) -> str:
    shown = sorted(rows, key=lambda row: row[NAME])
    return "".join(
        f"{row[NAME]}: {', '.join(f'{k}={v}' for k, v in row.items() if k != NAME)}\n" for row in shown
    )
