# SPDX-License-Identifier: Apache-2.0
"""One run, in this process or spread over several.

Threads of one Python process compute one at a time. At high load they wait for each other, which would change
the times of streams, so the slots are distributed over several processes.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .children import Child, child
from .client_load import ClientLoad
from .recording import Measured
from .settings import Load
from .slots import Job, Slots, steady

STREAMS_PER_PROCESS = 64
CHUNKS_PER_PROCESS = 3000  # a second
_AHEAD_NS = 20_000_000  # between the order to start and the start, so that the order reaches every process


@dataclass
class Run:
    """What all processes measured together."""

    start_ns: int
    measured: list[Measured]
    loads: list[ClientLoad]


def processes_for(load: Load, chunks_per_second: float) -> int:
    """How many processes this load takes; never more than cores or streams."""
    if load.processes:
        return min(load.processes, load.concurrency)
    by_streams = math.ceil(load.concurrency / STREAMS_PER_PROCESS)
    by_chunks = math.ceil(load.concurrency * chunks_per_second / CHUNKS_PER_PROCESS)
    return max(1, min(max(by_streams, by_chunks), len(_cores()), load.concurrency))


def _cores() -> Sequence[int]:
    if hasattr(os, "sched_getaffinity"):
        return list(os.sched_getaffinity(0))
    return range(os.cpu_count() or 1)


class Crew:
    """Processes that work on jobs. Use it in a ``with`` block: they end with it.

    Processes that are needed in any case start at once, so that they are ready when the jobs are.
    """

    def __init__(self, at_least: int = 1) -> None:
        self._stack = contextlib.ExitStack()
        self._children: list[Child] = []
        self._at_least = at_least

    def __enter__(self) -> Crew:
        if self._at_least > 1:
            self._start(self._at_least)
        return self

    def __exit__(self, *_about: Any) -> None:
        self._stack.close()

    def run(self, jobs: Sequence[Job]) -> Run:
        """Warm up everywhere, start everywhere at once, and read when all is over."""
        if len(jobs) == 1:
            return _run_here(jobs[0])
        self._start(len(jobs) - len(self._children))
        return _run_apart(jobs, self._children)

    def _start(self, count: int) -> None:
        for _ in range(count):
            self._children.append(self._stack.enter_context(child(self._children)))


def _run_here(job: Job) -> Run:
    with Slots(job) as slots:
        slots.warm_up()
        with steady() as load:
            start_ns = time.perf_counter_ns() + _AHEAD_NS
            slots.start(start_ns)
            while not slots.finished(3600):
                pass
    load.dispatch_lags = slots.dispatch_lags()
    return Run(start_ns, slots.measured(), [load])


def _run_apart(jobs: Sequence[Job], crew: Sequence[Child]) -> Run:
    children = crew[: len(jobs)]
    for worker, job in zip(children, jobs):
        worker.tell(**job.as_plain())
    for worker in children:
        worker.hear()
    start_ns = time.perf_counter_ns() + _AHEAD_NS
    for worker in children:
        worker.tell(start_ns=start_ns)
    for worker in children:
        worker.hear()
    for worker in children:
        worker.tell(report=True)
    reports = [worker.hear() for worker in children]
    measured = [Measured(**row) for report in reports for row in report["measured"]]
    measured.sort(key=lambda request: request.index)
    return Run(start_ns, measured, [ClientLoad(**report["load"]) for report in reports])
