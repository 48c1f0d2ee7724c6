# SPDX-License-Identifier: Apache-2.0
"""What k3s itself says about why it does not start."""

from __future__ import annotations

import re

from ..system import commands

_LINES_READ = 200
_LINES_TOLD = 8
_TIME = re.compile(r'^time="[^"]*" ')
_COMPLAINT = re.compile(
    r"level=(error|fatal)|^(?-i:[EF])[0-9]{4} |\b(error|fatal|failed|refused|denied|invalid)\b", re.IGNORECASE
)


def read(service: str, invocation: str) -> list[str]:
    """The complaints since the latest start; earlier starts are not a reason."""
    done = commands.run(
        [
            *("journalctl", f"--unit={service}.service", "--identifier=k3s"),
            *(f"--lines={_LINES_READ}", "--no-pager", "--output=cat"),
            f"_SYSTEMD_INVOCATION_ID={invocation}",
        ]
    )
    return complaints(done.output)


def complaints(text: str) -> list[str]:
    """The last lines that name a fault, each once and without its time; the last lines where none does."""
    lines = list(dict.fromkeys(_TIME.sub("", line) for line in text.splitlines()))
    faults = [line for line in lines if _COMPLAINT.search(line)]
    return (faults or lines)[-_LINES_TOLD:]
