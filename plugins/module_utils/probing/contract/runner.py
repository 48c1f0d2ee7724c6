# SPDX-License-Identifier: Apache-2.0
"""Runs all checks of a contract, few at a time, and gathers what they found."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ...errors import DeadlineExceeded, ProbeFailed, StackError, Unreachable
from ..answering_tier import UNKNOWN
from .registry import ALONE, CHECKS, FIRST, TOGETHER, Check
from .results import Result, not_applicable
from .session import Session

# Engines answer several requests at once anyway; more would only make each of them slower.
_AT_ONCE = 4


@dataclass(frozen=True)
class Report:
    """The results in the order of the checks; without any, no contract is kept."""

    model: str
    results: tuple[Result, ...] = ()
    tier: str = UNKNOWN
    api_base: str = ""

    @property
    def broken(self) -> list[Result]:
        return [result for result in self.results if result.breaks]

    def require(self) -> None:
        """Raises ProbeFailed that names every broken promise, with what was expected and seen."""
        broken = self.broken
        if not broken:
            return
        lines = [f"{one.check}: expected {one.expected}; seen: {one.seen}" for one in broken]
        count = f"{len(broken)} of the {len(self.results)} checks"
        raise ProbeFailed("\n".join([f"{self.model} breaks its contract in {count}:", *lines]))

    def as_plain(self) -> dict[str, Any]:
        figures = {name: value for one in self.results for name, value in one.figures.items()}
        return {
            "fulfilled": bool(self.results) and not self.broken,
            "model": self.model,
            "tier": self.tier,
            "api_base": self.api_base,
            "checks": [one.as_plain() for one in self.results],
            "broken": [one.check for one in self.broken],
            "figures": figures,
            "table": [one.line() for one in self.results],
        }


class Runner:
    """One run of a contract. A check that gets no answer fails; it never ends the others."""

    def __init__(self, session: Session, checks: Sequence[Check] = CHECKS) -> None:
        self._session = session
        self._checks = checks
        self._found: dict[Check, list[Result]] = {}
        self._silence = ""

    def run(self) -> Report:
        for turn in (FIRST, ALONE):
            for check in self._of(turn):
                self._found[check] = self._try(check)
        pool = ThreadPoolExecutor(max_workers=_AT_ONCE)
        try:
            together = self._of(TOGETHER)
            self._found.update(zip(together, pool.map(self._try, together)))
        finally:
            # All have ended, unless a task's timeout ends the run: then nobody waits for their answers.
            pool.shutdown(wait=False, cancel_futures=True)
        origin = self._session.origin
        return Report(
            model=self._session.promise.model,
            results=tuple(result for check in self._checks for result in self._found[check]),
            tier=origin.tier,
            api_base=origin.api_base,
        )

    def _of(self, turn: int) -> list[Check]:
        return [check for check in self._checks if check.turn == turn]

    def _try(self, check: Check) -> list[Result]:
        promise = self._session.promise
        why_not = check.why_not(promise)
        if why_not:
            return [not_applicable(name, why_not) for name in check.names]
        if self._silence and check.asks:
            return check.unanswered(promise, self._silence)
        try:
            return check.results(self._session)
        except StackError as error:
            if check.turn == FIRST and isinstance(error, (Unreachable, DeadlineExceeded)):
                # Waiting for each of the others would take minutes and show nothing new.
                self._silence = f"not asked: {error.message}"
            return check.unanswered(promise, str(error))
