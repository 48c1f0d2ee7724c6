# SPDX-License-Identifier: Apache-2.0
"""Checks a PostgreSQL connection string without ever repeating it: it holds a password. Pure.

libpq quotes what it cannot read, so a password with an @ or a blank in it would end in an error message. What
could be read in two ways is therefore refused here, in our own words.
"""

from __future__ import annotations

import re

from ..errors import InvalidInput

VARIABLE = "model_registry_dsn"
# What may stand before the last @ of a URI: everything else has to be percent-encoded.
_URI = re.compile(r"^postgres(ql)?://([^:@/?#\s]*(:[^:@/?#\s]*)?@)?[^@\s]*$")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PAIR = re.compile(r"\s*\w+\s*=\s*('([^'\\]|\\.)*'|([^\s'\\]|\\.)*)\s*")


def check_dsn(dsn: str) -> None:
    """Raises InvalidInput for what libpq would read differently from how a person meant it."""
    if not dsn.strip():
        raise InvalidInput(
            f"{VARIABLE} is empty.",
            "Name the database, such as postgresql://user:password@host/platform.",
        )
    if "://" in dsn:
        if not _URI.match(dsn.strip()) or _PERCENT.search(dsn):
            raise InvalidInput(
                f"{VARIABLE} cannot be read as postgresql://user:password@host:port/database.",
                "Percent-encode other characters than letters, digits and -._~ in it: %40 for @, %2F for /.",
            )
        return
    rest = dsn
    while rest:
        found = _PAIR.match(rest)
        if not found:
            raise InvalidInput(
                f"{VARIABLE} cannot be read as host=... dbname=... user=... password=...",
                "Put a value with blanks into single quotes, and write \\' for ' and \\\\ for \\ in it.",
            )
        rest = rest[found.end() :]


def without(text: str, secrets: list[str]) -> str:
    """A text on one line, without any of the secrets."""
    shown = " ".join(text.split())
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        shown = shown.replace(secret, "********")
    return shown
