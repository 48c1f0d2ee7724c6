# SPDX-License-Identifier: Apache-2.0
"""Whether the client could keep up. If it could not, the figures say nothing about the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .figures import percentile

BEAT = 0.01  # seconds between two readings of the clock
LAG_LIMIT_MS = 5.0
# A process of Python computes on one core at a time.
CPU_LIMIT = 0.85


@dataclass
class ClientLoad:
    """What one process of the client spent. Lags are in milliseconds.

    ``lags`` tell how late a thread woke that only slept: as late as one that was given bytes.
    ``dispatch_lags`` tell how long after its time each request of an open loop was sent.
    """

    cpu_s: float = 0.0
    wall_s: float = 0.0
    lags: list[float] = field(default_factory=list)
    dispatch_lags: list[float] = field(default_factory=list)

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)


class Watch:
    """Measures the load of this process between entering and leaving."""

    def __init__(self) -> None:
        self.load = ClientLoad()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        self._thread.start()
        return self

    def __exit__(self, *_about: Any) -> None:
        self.load.cpu_s = time.process_time() - self._cpu
        self.load.wall_s = time.perf_counter() - self._wall
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        lags = self.load.lags
        while not self._over.is_set():
            due = time.perf_counter() + BEAT
            time.sleep(BEAT)
            lags.append((time.perf_counter() - due) * 1e3)


def _p99(values: Sequence[float]) -> float | None:
    return round(percentile(sorted(values), 99), 3) if values else None


def verdict(loads: Sequence[ClientLoad], concurrency: int) -> dict[str, Any]:
    """The client's own figures, and why they limit what was measured, if they do."""
    busiest = max((load.cpu_s / max(load.wall_s, 1e-9) for load in loads), default=0.0)
    lag = _p99([lag for load in loads for lag in load.lags])
    dispatch = _p99([lag for load in loads for lag in load.dispatch_lags])
    reasons = []
    if busiest > CPU_LIMIT:
        reasons.append(
            f"a process of the client computed {busiest:.0%} of the time, and the limit is {CPU_LIMIT:.0%}: "
            "raise processes, or use a machine with more cores"
        )
    if lag is not None and lag > LAG_LIMIT_MS:
        reasons.append(
            f"the client woke {lag:.1f} ms late (p99), and the limit is {LAG_LIMIT_MS:g} ms: "
            "give it a machine with less other work"
        )
    if dispatch is not None and dispatch > 2 * LAG_LIMIT_MS:
        reasons.append(
            f"requests were sent {dispatch:.1f} ms late (p99): the server is slower than request_rate, "
            f"or concurrency={concurrency} is too small for it"
        )
    return {
        "client_limited": bool(reasons),
        "client_limits": reasons,
        "client_processes": len(loads),
        "client_cpu_per_wall": round(busiest, 4),
        "client_lag_p99_ms": lag,
        "dispatch_lag_p99_ms": dispatch,
    }
