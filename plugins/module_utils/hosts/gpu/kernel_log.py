# SPDX-License-Identifier: Apache-2.0
"""Reads what NVIDIA's driver complained about in the kernel's log since the host started."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..system import commands

KMSG_PATH = "/dev/kmsg"
# Numbers that a program's own mistake causes; the GPU goes on. The device plugin passes over the same ones.
FROM_PROGRAMS = frozenset((13, 31, 43, 45, 68, 109))
FALLEN_OFF_BUS = 79

_JOURNAL = ("journalctl", "--dmesg", "--boot", "--no-pager", "--quiet", "--output=cat", "--lines=20000")
_XID = re.compile(r"NVRM: Xid \((?:PCI:)?([0-9a-fA-F:.]+)[^)]*\): (\d+),?\s*(.*)$")
_RECORD_BYTES = 8192
_RECORDS_MAX = 100_000
_LINES_MAX = 20


@dataclass(frozen=True)
class Xid:
    """One report of the driver about a GPU; equal reports are counted."""

    number: int
    bus_id: str
    message: str
    count: int
    is_from_program: bool


@dataclass(frozen=True)
class KernelLog:
    """What was found, or that the log cannot be read."""

    is_readable: bool
    xids: tuple[Xid, ...] = ()


def read(kmsg_path: str = KMSG_PATH) -> KernelLog:
    """The journal knows more than the kernel's ring buffer; a host without one has the buffer."""
    journal = commands.run(_JOURNAL)
    if journal.succeeded and journal.output.strip():
        return KernelLog(True, parse(journal.output.splitlines()))
    try:
        return KernelLog(True, parse(_ring_buffer(kmsg_path)))
    except OSError:
        return KernelLog(False)


def parse(lines: Iterable[str]) -> tuple[Xid, ...]:
    """The reports among a log's lines, each number of each GPU once, with its newest words."""
    found: dict[tuple[int, str], Xid] = {}
    for line in lines:
        match = _XID.search(line)
        if not match:
            continue
        number, bus_id = int(match[2]), match[1].lower().rstrip(":")
        earlier = found.pop((number, bus_id), None)
        count = earlier.count + 1 if earlier else 1
        message = " ".join(match[3].split())
        found[(number, bus_id)] = Xid(number, bus_id, message, count, number in FROM_PROGRAMS)
    return tuple(found.values())[-_LINES_MAX:]


def _ring_buffer(path: str) -> list[str]:
    """One read is one record; without waiting, the end shows as an error."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    lines: list[str] = []
    try:
        while len(lines) < _RECORDS_MAX:
            try:
                record = os.read(handle, _RECORD_BYTES)
            except BlockingIOError:
                break
            except BrokenPipeError:
                continue  # the record was overwritten while it was read; the next one is whole
            if not record:
                break
            lines.extend(record.decode("utf-8", "replace").splitlines())
    finally:
        os.close(handle)
    return lines
