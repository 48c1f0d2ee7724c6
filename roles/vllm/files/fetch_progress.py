# SPDX-License-Identifier: Apache-2.0
"""What people read while a model arrives: bytes, rate and time left, a line at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FIRST_AFTER = 2.0
TELL_EVERY = 10.0
RATE_OVER = 30.0


class Progress:
    """Tells now and then how far something is. ``measure`` gives the bytes that are there."""

    def __init__(self, name: object, total: int, measure: Callable[[], int]) -> None:
        self._name, self._total, self._measure = name, total, measure
        self._seen: list[tuple[float, int]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(FIRST_AFTER if not self._seen else TELL_EVERY):
            say(self._line(time.monotonic()))

    def _line(self, now: float) -> str:
        done = self._measure()
        self._seen = [(at, had) for at, had in self._seen if now - at <= RATE_OVER] + [(now, done)]
        return f"{self._name}: {describe(done, self._total, self._seen)}"


def describe(done: int, total: int, seen: list[tuple[float, int]]) -> str:
    """Bytes, rate and time left. ``seen`` are pairs of a time in seconds and the bytes at that time."""
    words = [f"{size_text(done)} of {size_text(total)}"]
    (first, at_first), (last, at_last) = seen[0], seen[-1]
    if last > first:
        rate = (at_last - at_first) / (last - first)
        words.append(f"{size_text(int(rate))}/s")
        words.append(f"{time_text((total - done) / rate)} left" if rate > 0 else "nothing arrives")
    return ", ".join(words)


def size_text(count: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def time_text(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def say(line: str) -> None:
    print(line, flush=True)
