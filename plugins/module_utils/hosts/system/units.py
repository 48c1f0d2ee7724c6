# SPDX-License-Identifier: Apache-2.0
"""What systemd says about a service, and whether its process is older than its files. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from . import commands

PROPERTIES = (
    "LoadState",
    "UnitFileState",
    "ActiveState",
    "SubState",
    "Result",
    "NeedDaemonReload",
    "InvocationID",
    "NRestarts",
    "ExecMainStartTimestamp",
)
_ACTIVE = frozenset(("active", "activating", "reloading"))


def runs_systemd(mark: str = "/run/systemd/system") -> bool:
    """Whether systemd is the first process; the mark is systemd's own way to tell."""
    return Path(mark).is_dir()


def read_unit(name: str) -> dict[str, str]:
    """The properties of a unit, in systemd's own words."""
    command = ["systemctl", "show", "--timestamp=us+utc", f"--property={','.join(PROPERTIES)}", name]
    output = commands.run(command).output
    pairs = (line.partition("=") for line in output.splitlines())
    return {**dict.fromkeys(PROPERTIES, ""), **{key: value for key, _, value in pairs if key in PROPERTIES}}


def is_active(unit: dict[str, str]) -> bool:
    return unit["ActiveState"] in _ACTIVE


def newer_files(unit: dict[str, str], patterns: Iterable[str]) -> list[str]:
    """Files that changed after the service's process started; none while no process runs.

    The change time counts, because a rename sets it and no archive can bring an old one along.
    """
    started = started_at(unit) if is_active(unit) else None
    if started is None:
        return []
    found = (path for pattern in patterns for path in sorted(Path("/").glob(pattern.lstrip("/"))))
    return [str(path) for path in found if _changed_at(path) > started]


def started_at(unit: dict[str, str]) -> float | None:
    """Seconds since the epoch, from a line like "Tue 2025-12-09 10:11:12.123456 UTC"."""
    words = unit["ExecMainStartTimestamp"].split(" ")
    if len(words) != 4:
        return None
    moment = datetime.fromisoformat(f"{words[1]} {words[2]}").replace(tzinfo=timezone.utc)
    return moment.timestamp()


def _changed_at(path: Path) -> float:
    try:
        return path.lstat().st_ctime
    except OSError:
        return 0.0
