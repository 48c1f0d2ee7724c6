# SPDX-License-Identifier: Apache-2.0
"""The form of the catalog's rows about parsers and flags, and what they mean for one release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..reading.tables import Table
from ..reading.versions import Release
from .model_rows import PROVENANCE

PARSER_KEYS = ("since", "before", *PROVENANCE)
FLAG_KEYS = ("since", "until", *PROVENANCE)


@dataclass(frozen=True)
class Parser:
    """A parser under its newest name. None counts as ever since."""

    since: Release | None
    before: str


@dataclass(frozen=True)
class FlagSpan:
    """The releases that have a flag; None is an open end."""

    since: Release | None
    until: Release | None

    def holds(self, release: Release | None) -> bool:
        """An unknown release counts as a new one."""
        if release is None:
            return self.until is None
        is_old = self.since is not None and release < self.since
        is_new = self.until is not None and release > self.until
        return not (is_old or is_new)


def read_parser(table: Table) -> Parser:
    table.reject_unknown(PARSER_KEYS)
    return Parser(read_release(table, "since"), table.text("before"))


def read_flag(table: Table) -> FlagSpan:
    table.reject_unknown(FLAG_KEYS)
    return FlagSpan(read_release(table, "since"), read_release(table, "until"))


def read_release(table: Table, key: str) -> Release | None:
    text = table.text(key)
    release = Release.parse(text) if text else None
    if text and release is None:
        table.wrong(key, 'a release such as "0.8.4"')
    return release


def name_on(release: Release | None, wanted: str, parsers: Mapping[str, Parser]) -> str:
    """The parser's name in a release: its own, its older name, or none."""
    seen: set[str] = set()
    while wanted and wanted not in seen:
        seen.add(wanted)
        row = parsers.get(wanted)
        if row is None or release is None or row.since is None or row.since <= release:
            return wanted
        wanted = row.before
    return ""
