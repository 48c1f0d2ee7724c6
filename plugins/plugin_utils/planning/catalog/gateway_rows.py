# SPDX-License-Identifier: Apache-2.0
"""Rows of catalog/litellm.yml: which releases of the gateway an advisory is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..reading.tables import Table
from ..reading.versions import Release
from .parser_rows import read_release

BAN_KEYS = ("since", "until", "fixed_in", "reason", "source", "confidence", "recalled", "notes")


@dataclass(frozen=True)
class Ban:
    """Releases that must not run. None is an open end; ``fixed_in`` is the first that may run again."""

    advisory: str
    since: Release | None
    until: Release | None
    fixed_in: Release | None
    reason: str
    source: str

    def holds(self, release: Release) -> bool:
        is_old = self.since is not None and release < self.since
        is_fixed = self.fixed_in is not None and release >= self.fixed_in
        is_new = self.until is not None and release > self.until
        return not (is_old or is_fixed or is_new)


def read_ban(advisory: str, table: Table) -> Ban:
    table.reject_unknown(BAN_KEYS)
    return Ban(
        advisory,
        read_release(table, "since"),
        read_release(table, "until"),
        read_release(table, "fixed_in"),
        table.text("reason", "the catalog bans it"),
        table.text("source", "inference_catalog"),
    )


def read_supported(rows: Iterable[str]) -> Release | None:
    """The oldest release that is mended, or None where the catalog names none."""
    known = [release for name in rows if (release := Release.parse(name))]
    return min(known, default=None)
