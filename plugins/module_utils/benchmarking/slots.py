# SPDX-License-Identifier: Apache-2.0
"""The slots of one process: threads that ask, each over a connection of its own."""

from __future__ import annotations

import contextlib
import gc
import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import ProbeFailed
from ..openai_api.transport import Transport
from .client_load import ClientLoad, Watch
from .connecting import Connector
from .prompts import Prompts, Scale
from .recording import Measured, Recording, record, understand
from .schedule import poisson
from .settings import Settings

_AHEAD = 2000  # requests that are written before the start; the rest when a slot takes them


@dataclass(frozen=True)
class Job:
    """A process's share of a run: so many of its slots, and every ``shares``-th request from ``share`` on."""

    settings: Settings
    run: str
    stream_options: Mapping[str, bool]
    scale: Scale
    share: int
    shares: int
    concurrency: int

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> Job:
        settings, scale = Settings.from_plain(told["settings"]), Scale(**told["scale"])
        return cls(**{**told, "settings": settings, "scale": scale})


class Slots:
    """Warms up, waits for the start, runs. Use it in a ``with`` block: threads end with it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        settings = job.settings
        self._connector = Connector(settings.target)
        self._prompts = Prompts(settings.workload, settings.target.model, job.run, job.scale)
        load = settings.load
        self._numbers = range(job.share, load.requests, job.shares)
        due = poisson(load.request_rate, load.requests, settings.workload.seed) if load.open_loop else []
        self._due = due[job.share :: job.shares]
        self._bodies: dict[int, bytes] = {}
        self._places = itertools.count()  # taking the next one is atomic
        self._recordings: list[Recording] = []
        self._failures: list[str] = []  # of the warm-up
        self._crash: BaseException | None = None
        self._warm = threading.Barrier(job.concurrency + 1)
        self._go = threading.Event()
        self._stopped = False
        self._start_ns = 0
        self._threads = [
            threading.Thread(target=self._guard, args=(slot,), name=f"slot {slot}", daemon=True)
            for slot in range(job.concurrency)
        ]

    def __enter__(self) -> Slots:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_about: Any) -> None:
        self._stopped = True
        self._warm.abort()
        self._go.set()

    def warm_up(self) -> None:
        """Returns when every slot has had its answers. Raises ProbeFailed when a slot had none."""
        # While the server answers, there is time to prepare the next requests.
        self._bodies = {number: self._body(str(number)) for number in self._numbers[:_AHEAD]}
        with contextlib.suppress(threading.BrokenBarrierError):
            self._warm.wait()
        self._raise_crash()
        if self._failures:
            raise ProbeFailed(
                f"{len(self._failures)} of {len(self._threads)} slots got no answer: {self._failures[0]}"
            )

    def start(self, start_ns: int) -> None:
        """Start the slots at this time, by time.perf_counter_ns()."""
        self._start_ns = start_ns
        self._go.set()

    def finished(self, patience: float) -> bool:
        """Whether all slots are done, after waiting up to ``patience`` seconds for it."""
        end = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._raise_crash()
        return not any(thread.is_alive() for thread in self._threads)

    def measured(self) -> list[Measured]:
        """What the answers say, in the order of the requests. Only after all slots everywhere are done."""
        settings = self._job.settings
        secrets, asked = self._connector.secrets, settings.target.base_url
        return [
            understand(recording, secrets, settings.tier_map, asked)
            for recording in sorted(self._recordings, key=lambda recording: recording.index)
        ]

    def dispatch_lags(self) -> list[float]:
        """Milliseconds between the moment at which a request was due and the one at which it was sent."""
        due = (row for row in self._recordings if row.scheduled_ns)
        return [(row.sent_ns - row.scheduled_ns) / 1e6 for row in due]

    def _raise_crash(self) -> None:
        if self._crash is not None:
            raise self._crash

    def _guard(self, slot: int) -> None:
        try:
            with contextlib.closing(self._connector.connect()) as transport:
                self._warm_slot(transport, slot)
                self._warm.wait()
                self._go.wait()
                self._run_slot(transport)
        except threading.BrokenBarrierError:
            pass  # the run was given up
        except BaseException as error:
            self._crash = error
            self._warm.abort()

    def _warm_slot(self, transport: Transport, slot: int) -> None:
        errors = []
        for turn in range(self._job.settings.load.warmup):
            recording = Recording(-1)
            if not self._stopped:
                body = self._body(f"warm-up {self._job.share}-{slot}-{turn}")
                self._record(transport, body, recording)
            errors.append(recording.error)
        if all(errors):
            self._failures.append(errors[-1])

    def _run_slot(self, transport: Transport) -> None:
        load = self._job.settings.load
        start, open_loop = self._start_ns, load.open_loop
        end = start + int(load.duration * 1e9) if load.duration else 0
        while not self._stopped:
            place = next(self._places)
            if place >= len(self._numbers):
                return
            due = start + (self._due[place] if open_loop else 0)
            if end and max(due, time.perf_counter_ns()) >= end:
                return
            number = self._numbers[place]
            body = self._bodies.pop(number, b"") or self._body(str(number))
            _sleep_until(due)
            recording = Recording(number, scheduled_ns=due if open_loop else 0)
            self._record(transport, body, recording)
            self._recordings.append(recording)

    def _body(self, name: str) -> bytes:
        return self._prompts.body(name, self._job.stream_options)

    def _record(self, transport: Transport, body: bytes, recording: Recording) -> None:
        connector = self._connector
        record(transport, connector.path, body, recording, connector.timeout, connector.secrets)


def _sleep_until(moment_ns: int) -> None:
    left = moment_ns - time.perf_counter_ns()
    if left > 0:
        time.sleep(left / 1e9)


@contextlib.contextmanager
def steady() -> Iterator[ClientLoad]:
    """Keeps Python's own pauses out of the measurement, and records those that remain."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        with Watch() as watch:
            yield watch.load
    finally:
        if collecting:
            gc.enable()
