# SPDX-License-Identifier: Apache-2.0
"""A process of the client.

It exchanges lines of JSON with the process that started it: a job comes in, then a time to start, then
permission to read what was recorded, when no process measures any longer. Keys go through the pipe only,
never as arguments or environment. A closed pipe means that nobody waits for the answers any more: the process
ends.
"""

from __future__ import annotations

import json
import select
from typing import Any, TextIO

from ..errors import StackError
from .slots import Job, Slots, steady

ENDED_EARLY = "a process of the client ended early"
_PATIENCE = 0.2  # seconds between two checks whether anybody still waits


class _Parent:
    """The other end of the pipe."""

    def __init__(self, heard: TextIO, told: TextIO) -> None:
        self._heard = heard
        self._told = told

    def tell(self, **told: Any) -> None:
        self._told.write(json.dumps(told) + "\n")
        self._told.flush()

    def hear(self) -> dict[str, Any]:
        line = self._heard.readline()
        if not line:
            raise SystemExit(1)
        heard: dict[str, Any] = json.loads(line)
        return heard

    def is_gone(self) -> bool:
        """The parent writes nothing while slots run, so anything to read is the end of the pipe."""
        readable, _, _ = select.select([self._heard], [], [], 0)
        return bool(readable)


def main(heard: TextIO, told: TextIO) -> None:
    """Run one job. Errors are answers, too."""
    parent = _Parent(heard, told)
    try:
        _work(parent, Job.from_plain(parent.hear()))
    except StackError as error:
        parent.tell(failed=error.message, hint=error.hint)
    except Exception as error:
        parent.tell(failed=f"{ENDED_EARLY}: {type(error).__name__}: {error}", hint="")


def _work(parent: _Parent, job: Job) -> None:
    with Slots(job) as slots:
        slots.warm_up()
        with steady() as load:
            parent.tell(ready=True)
            slots.start(int(parent.hear()["start_ns"]))
            while not slots.finished(_PATIENCE):
                if parent.is_gone():
                    raise SystemExit(1)
    parent.tell(finished=True)
    parent.hear()
    load.dispatch_lags = slots.dispatch_lags()
    parent.tell(measured=[request.as_plain() for request in slots.measured()], load=load.as_plain())
