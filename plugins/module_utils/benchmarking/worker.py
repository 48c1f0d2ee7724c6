# SPDX-License-Identifier: Apache-2.0
"""A process of the client.

It speaks lines of JSON with the process that started it: a job comes in, then a time to start, then leave to
read what was recorded. That leave comes when no process measures any longer. Keys travel through the pipe
alone, never as arguments or environment. A closed pipe means that nobody wants the answers any more: the
process ends.
"""

from __future__ import annotations

import json
import select
import sys
from typing import Any

from ..errors import StackError
from .slots import Job, Slots, steady

_PATIENCE = 0.2  # seconds between two looks whether anybody still waits


def _tell(**told: Any) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _hear() -> dict[str, Any]:
    line = sys.stdin.readline()
    if not line:
        raise SystemExit(1)
    heard: dict[str, Any] = json.loads(line)
    return heard


def _is_abandoned() -> bool:
    """Nothing is said while slots run, so whatever can be read is the end of the pipe."""
    readable, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(readable)


def main() -> None:
    """Run one job. What goes wrong is told like everything else."""
    try:
        _work(Job.from_plain(_hear()))
    except StackError as error:
        _tell(failed=error.message, hint=error.hint)


def _work(job: Job) -> None:
    with Slots(job) as slots:
        slots.warm_up()
        with steady() as load:
            _tell(ready=True)
            slots.start(int(_hear()["start_ns"]))
            while not slots.finished(_PATIENCE):
                if _is_abandoned():
                    raise SystemExit(1)
    _tell(finished=True)
    _hear()
    load.dispatch_lags = slots.dispatch_lags()
    _tell(measured=[request.as_plain() for request in slots.measured()], load=load.as_plain())
