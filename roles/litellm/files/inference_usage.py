# SPDX-License-Identifier: Apache-2.0
"""What consumers used: tokens of the last minute, and money of the month.

Tokens are counted in this process alone. Money is kept in a folder, so that neither a restart nor a new pod
forgets it: each pod writes a file of its own and reads those of the others, so pods that share the folder
have one count. It belongs to a consumer's name: a new key does not begin a new budget.
"""

import json
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = os.environ.get("INFERENCE_STATE", "")
WINDOW_SECONDS = 60.0
_OLD_SECONDS = 2 * 24 * 3600

Days = dict[str, dict[str, float]]
_LOG = logging.getLogger("inference.usage")


class Tokens:
    """Tokens of each consumer within the last minute. They are known when an answer ends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used: dict[str, deque[tuple[float, int]]] = {}

    def add(self, name: str, count: int) -> None:
        if count > 0:
            self._used.setdefault(name, deque()).append((self._clock(), count))
            self._forget(name)

    def wait(self, name: str, limit: int) -> int:
        """Seconds until fewer than ``limit`` were used within a minute; 0 if it is so now."""
        used = self._forget(name)
        total = sum(count for _, count in used)
        if total < limit:
            return 0
        for moment, count in used:
            total -= count
            if total < limit:
                return max(1, round(WINDOW_SECONDS - (self._clock() - moment)))
        return 0

    def _forget(self, name: str) -> deque[tuple[float, int]]:
        used = self._used.setdefault(name, deque())
        while used and self._clock() - used[0][0] >= WINDOW_SECONDS:
            used.popleft()
        return used


class Spending:
    """US dollars of each consumer, by day in UTC."""

    def __init__(
        self, folder: str, writer: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder = Path(folder) if folder else None
        # One file for each process: what it wrote before a restart is another's file.
        self._file = self._folder / f"{writer}-{time.time_ns()}.json" if self._folder else None
        self._now = now
        self._mine: Days = {}
        self._others: dict[Path, tuple[tuple[int, int], Days]] = {}
        self._unwritten = self._unread = ""
        self._write()

    @property
    def trouble(self) -> str:
        """Why the count is not complete; empty if it is."""
        return self._unwritten or self._unread

    def add(self, name: str, dollars: float) -> None:
        today = self._mine.setdefault(self._now().date().isoformat(), {})
        today[name] = today.get(name, 0.0) + dollars
        self._write()

    def of(self, name: str | None, month: bool) -> float:
        """What a consumer, or everybody, spent today or this month."""
        self._read_others()
        day = self._now().date().isoformat()
        start = day[:7] if month else day
        return sum(
            dollars
            for days in (self._mine, *(days for _, days in self._others.values()))
            for date, spent in days.items()
            if date.startswith(start)
            for who, dollars in spent.items()
            if name is None or who == name
        )

    def _read_others(self) -> None:
        if self._folder is None:
            return
        try:
            for path in self._folder.glob("*.json"):
                status = path.stat()
                version = (status.st_mtime_ns, status.st_ino)
                if path != self._file and self._others.get(path, (None,))[0] != version:
                    self._others[path] = (version, _read(path))
            self._unread = ""
        except (OSError, ValueError, AttributeError, TypeError) as error:
            self._unread = self._told(error, self._unread)

    def _write(self) -> None:
        if self._folder is None or self._file is None:
            return
        month = self._now().date().isoformat()[:7]
        self._mine = {date: spent for date, spent in self._mine.items() if date.startswith(month)}
        fresh = self._file.with_suffix(".new")
        try:
            with fresh.open("w", encoding="utf-8") as file:
                json.dump(self._mine, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._file)
            self._remove_past(month)
            self._unwritten = ""
        except OSError as error:
            self._unwritten = self._told(error, self._unwritten)

    def _remove_past(self, month: str) -> None:
        """The files that say nothing of this month. A process that still lives writes its own again."""
        self._read_others()
        for path, (_, days) in list(self._others.items()):
            if not any(date.startswith(month) for date in days) and _is_old(path, self._now()):
                path.unlink(missing_ok=True)
                del self._others[path]

    def _told(self, error: Exception, before: str) -> str:
        told = type(error).__name__
        if told != before:
            _LOG.error("What consumers spent cannot be kept in %s: %s", self._folder, error)
        return told


def _is_old(path: Path, now: datetime) -> bool:
    try:
        return now.timestamp() - path.stat().st_mtime > _OLD_SECONDS
    except FileNotFoundError:
        return True


def _read(path: Path) -> Days:
    told = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(told, Mapping):
        raise ValueError(f"{path} is no mapping")
    return {
        str(date): {str(name): float(dollars) for name, dollars in spent.items()}
        for date, spent in told.items()
    }


def until_next(moment: datetime, month: bool) -> int:
    """Seconds until the next day, or month, begins."""
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    following = (
        (start.replace(day=1) + timedelta(days=32)).replace(day=1) if month else start + timedelta(days=1)
    )
    return max(1, round((following - moment).total_seconds()))


class Limits(NamedTuple):
    """How much may be spent [US dollars]; None is no limit."""

    day: float | None = None
    month: float | None = None

    @property
    def given(self) -> bool:
        return self.day is not None or self.month is not None


class Used(NamedTuple):
    """A budget that is used up, in words, and for how many seconds it stays so."""

    message: str
    wait: int


def limits(values: Mapping[str, Any]) -> Limits:
    """Nothing, and 0 in whatever form, is no limit."""
    return Limits(*(float(values.get(key) or 0) or None for key in ("budget_day", "budget_month")))


def used_up(spending: Spending, owner: str, name: str | None, limit: Limits, now: datetime) -> Used | None:
    """The budget of one consumer, or with None of all, that is used up."""
    for dollars, month, period in ((limit.month, True, "month"), (limit.day, False, "day")):
        if dollars is not None and spending.of(name, month) >= dollars:
            told = f"The budget of {owner} for paid models is used up: {dollars:g} USD a {period}."
            return Used(f"{told} The next {period} begins at 00:00 UTC.", until_next(now, month))
    return None


TOKENS = Tokens()
SITE = limits({key: os.environ.get(f"INFERENCE_{key.upper()}") for key in ("budget_day", "budget_month")})
SPENDING = Spending(FOLDER, os.environ.get("HOSTNAME", "gateway"))
