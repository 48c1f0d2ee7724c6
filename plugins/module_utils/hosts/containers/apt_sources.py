# SPDX-License-Identifier: Apache-2.0
"""Which files of apt name a repository. Both forms of sources.list(5) are read."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..system.paths import read_text

MAIN_FILE = "/etc/apt/sources.list"
FOLDER = "/etc/apt/sources.list.d"

_TYPE = "deb"
_NO = frozenset(("no", "false", "without", "off", "disable", "0"))
# apt ignores files with other names, such as those that an upgrade of the distribution leaves (.distUpgrade).
_FILE_NAME = re.compile(r"[A-Za-z0-9_.-]+\.(list|sources)")
_LINE = re.compile(rf"{_TYPE}\s+(?:\[[^\]]*\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)")
_FIELD = re.compile(r"(?P<name>[\w-]+)\s*:\s*(?P<value>.*)")
# Debian's names for what the kernel calls the machine.
_ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "armhf",
    "armv6l": "armel",
    "ppc64le": "ppc64el",
    "i686": "i386",
}


class Repository(NamedTuple):
    """One place that packages come from."""

    uri: str
    suite: str


def find_files(
    wanted: Sequence[Repository], main: str = MAIN_FILE, folder: str = FOLDER, machine: str | None = None
) -> list[str]:
    """The files in which one of the repositories is switched on."""
    architecture = architecture_of(machine or platform.machine())
    sought = {_normal(repository, architecture) for repository in wanted}
    entries = sorted(Path(folder).iterdir()) if Path(folder).is_dir() else []
    files = [Path(main), *(path for path in entries if _FILE_NAME.fullmatch(path.name))]
    return [
        str(path)
        for path in files
        if any(_normal(found, architecture) in sought for found in _read(path, read_text(str(path))))
    ]


def architecture_of(machine: str) -> str:
    """dpkg's name for the architecture."""
    return _ARCHITECTURES.get(machine, machine)


def _read(path: Path, text: str) -> Iterator[Repository]:
    return parse_stanzas(text) if path.suffix == ".sources" else parse_lines(text)


def parse_lines(text: str) -> Iterator[Repository]:
    """The one-line form: deb [options] URI suite component…"""
    for line in text.splitlines():
        found = _LINE.match(line.strip())
        if found:
            yield Repository(found["uri"], found["suite"])


def parse_stanzas(text: str) -> Iterator[Repository]:
    """The form of deb822, where each field may hold several words."""
    for stanza in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text):
        fields = _fields(stanza)
        if (
            fields.get("enabled", "yes").strip().lower() in _NO
            or _TYPE not in fields.get("types", "").split()
        ):
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Repository(uri, suite)


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            # More of the field above, such as a whole key below Signed-By.
            if name:
                fields[name] += f" {line.strip()}"
            continue
        found = _FIELD.fullmatch(line)
        name = found["name"].lower() if found else ""
        if found:
            fields[name] = found["value"]
    return fields


def _normal(repository: Repository, architecture: str) -> Repository:
    """As two spellings of one place have in common. apt itself replaces $(ARCH)."""
    spelled = [part.replace("$(ARCH)", architecture) for part in repository]
    _, _, place = spelled[0].rpartition("://")
    host, slash, path = place.partition("/")
    _, _, host = host.rpartition("@")
    return Repository(f"{host.lower()}{slash}{path}".rstrip("/"), spelled[1].rstrip("/"))
