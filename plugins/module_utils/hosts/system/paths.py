# SPDX-License-Identifier: Apache-2.0
"""Are files and folders of this host as they should be? Reads only."""

from __future__ import annotations

import grp
import hashlib
import pwd
import stat
from collections.abc import Iterable, Mapping
from os import stat_result
from pathlib import Path
from typing import Any, NamedTuple

_BLOCK = 1 << 20

# Documented in the fragment ``paths``.
PATH_OPTIONS: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "path": {"type": "path", "required": True},
        "state": {"type": "str", "choices": ["file", "directory"], "default": "file"},
        "mode": {"type": "str", "default": "0644"},
        "owner": {"type": "str", "default": "root"},
        "group": {"type": "str", "default": "root"},
        "checksum": {"type": "str", "default": ""},
    },
}


class Wanted(NamedTuple):
    """How a path should be. Without a checksum any content will do."""

    path: str
    state: str = "file"
    mode: str = "0644"
    owner: str = "root"
    group: str = "root"
    checksum: str = ""


class Comparison(NamedTuple):
    """Paths by what is wrong with them."""

    differing: list[str]
    """Not as wanted, the missing ones included."""
    missing: list[str]


def compare(wanted: Iterable[Mapping[str, Any]]) -> Comparison:
    """Compare paths with how they should be, in the order in which they are given."""
    differing, missing = [], []
    for entry in wanted:
        expected = Wanted(**entry)
        try:
            found = Path(expected.path).stat()
        except OSError:
            missing.append(expected.path)
            differing.append(expected.path)
            continue
        if not (_has_form(found, expected) and _has_content(expected)):
            differing.append(expected.path)
    return Comparison(differing, missing)


def read_text(path: str) -> str:
    """A file's text; empty where there is none."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _has_form(found: stat_result, expected: Wanted) -> bool:
    is_right_kind = stat.S_ISDIR if expected.state == "directory" else stat.S_ISREG
    return (
        is_right_kind(found.st_mode)
        and stat.S_IMODE(found.st_mode) == int(expected.mode, 8)
        and found.st_uid == _number(expected.owner, lambda name: pwd.getpwnam(name).pw_uid)
        and found.st_gid == _number(expected.group, lambda name: grp.getgrnam(name).gr_gid)
    )


def _has_content(expected: Wanted) -> bool:
    if not expected.checksum or expected.state == "directory":
        return True
    algorithm, _, digits = expected.checksum.partition(":")
    digest = hashlib.new(algorithm)
    with Path(expected.path).open("rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            digest.update(block)
    return digest.hexdigest() == digits.lower()


def _number(name: str, look_up: Any) -> int | None:
    """The id of an account; None, which no path has, where there is no such account."""
    if name.isdecimal():
        return int(name)
    try:
        return int(look_up(name))
    except KeyError:
        return None
