# SPDX-License-Identifier: Apache-2.0
"""Reads the specifications by which container runtimes hand GPUs to containers (CDI)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDERS = ("/etc/cdi", "/var/run/cdi")
KIND = "nvidia.com/gpu"

_SUFFIXES = (".yaml", ".yml", ".json")
_PATHS = ("hostPath", "path")
_ENTRY = re.compile(r"^(?P<indent>[ -]*)(?P<key>\w+):\s*(?P<value>.*?)\s*$")
_RELEASE = re.compile(r"/libcuda\.so\.(\d+\.\d+(?:\.\d+)?)$")


@dataclass(frozen=True)
class Specification:
    """One file that describes GPUs."""

    path: str
    devices: tuple[str, ...]
    """Names under which containers ask for GPUs: 0, GPU-…, all."""
    missing: tuple[str, ...]
    """Files of the host that it hands over and that are not there (any more)."""
    driver_version: str | None
    """The release of the driver that it was written for."""


def find_specifications(folders: Sequence[str] = FOLDERS) -> list[Specification]:
    """All that describe NVIDIA GPUs."""
    found: list[Specification] = []
    for folder in map(Path, folders):
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if path.suffix in _SUFFIXES:
                found.extend(_read(path))
    return found


def _read(path: Path) -> Iterator[Specification]:
    try:
        entries = list(parse(path.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return
    if ("kind", KIND) not in entries:
        return
    paths = [value for key, value in entries if key in _PATHS]
    releases = [found[1] for found in map(_RELEASE.search, paths) if found]
    yield Specification(
        path=str(path),
        devices=tuple(value for key, value in entries if key == "device"),
        missing=tuple(dict.fromkeys(item for item in paths if not Path(item).exists())),
        driver_version=releases[0] if releases else None,
    )


def parse(text: str) -> Iterator[tuple[str, str]]:
    """What matters of a specification: its kind, its devices' names, and paths of the host.

    Hosts have no YAML parser, so the block style that nvidia-ctk writes is read line by line.
    """
    try:
        yield from _from_json(json.loads(text))
    except ValueError:
        yield from _from_yaml(text)


def _from_json(content: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(content, dict):
        return
    yield "kind", str(content.get("kind"))
    for device in content.get("devices") or []:
        yield "device", str(device.get("name"))
    for edits in [content, *(content.get("devices") or [])]:
        found = edits.get("containerEdits") or {}
        for entry in [*(found.get("deviceNodes") or []), *(found.get("hooks") or [])]:
            yield "path", str(entry.get("hostPath") or entry.get("path"))
        for entry in found.get("mounts") or []:
            yield "hostPath", str(entry.get("hostPath"))


def _from_yaml(text: str) -> Iterator[tuple[str, str]]:
    section, of_device = "", None
    for line in text.splitlines():
        entry = _ENTRY.match(line)
        if not entry:
            continue
        indent, key, value = len(entry["indent"]), entry["key"], entry["value"].strip("'\"")
        if indent == 0:
            section, of_device = key, None
            if key == "kind":
                yield "kind", value
            continue
        if section == "devices" and of_device is None:
            # The first key of the first device stands where all keys of devices stand.
            of_device = indent
        if key == "name" and indent == of_device:
            yield "device", value
        elif key in _PATHS and value.startswith("/"):
            yield key, value
