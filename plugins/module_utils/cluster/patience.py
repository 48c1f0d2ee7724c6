# SPDX-License-Identifier: Apache-2.0
"""How long to wait for a workload, and how often to say what for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# What takes no longer needs no words.
_QUIET_S = 3.0
# How often unchanged words are repeated, so that nobody takes a long wait for a hang.
_REPEAT_S = 30.0


def silence(_: str) -> None:
    """Say nothing."""


class Spent:
    """The time that a workload has taken: on its own, and while images and models were on their way."""

    def __init__(self, allowed: float, fetch_allowed: float) -> None:
        self.allowed = allowed
        self.fetching = 0.0
        self.is_fetching = False
        self._fetch_allowed = fetch_allowed
        self._own = 0.0

    def add(self, seconds: float, is_fetching: bool) -> None:
        self.is_fetching = is_fetching
        if is_fetching:
            self.fetching += seconds
        else:
            self._own += seconds

    @property
    def left(self) -> float:
        """What it may take for what it is doing now."""
        if self.is_fetching:
            return self._fetch_allowed - self.fetching
        return self.allowed - self._own


class Announcer:
    """Says what somebody waits for when it changes, and otherwise now and then."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._say = say
        self._clock = clock
        self._begin = clock()
        self._said: dict[str, tuple[Any, float]] = {}

    def tell(self, subject: str, situation: Any, words: Callable[[], str]) -> None:
        """``situation`` is what has to change for new words; they may hold more, such as times."""
        now = self._clock()
        if now - self._begin < _QUIET_S:
            return
        before, moment = self._said.get(subject, (None, now - _REPEAT_S))
        if situation != before or now - moment >= _REPEAT_S:
            self._said[subject] = (situation, now)
            self._say(words())


class Unchanged:
    """How long something has been as it is now."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[str, tuple[Any, float]] = {}

    def seconds(self, subject: str, situation: Any) -> float:
        now = self._clock()
        before, since = self._since.get(subject, (None, now))
        if situation != before:
            since = now
        self._since[subject] = (situation, since)
        return now - since
