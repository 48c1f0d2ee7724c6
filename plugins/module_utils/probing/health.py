# SPDX-License-Identifier: Apache-2.0
"""Waits until a model is proven to work: its server lives, it has the right name, and it generates.

Each attempt climbs the same ladder and stops at the first rung that fails, so what was seen last tells how
far the server has come.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import DeadlineExceeded, ProbeFailed, StackError
from ..openai_api.client import Client
from ..openai_api.failures import HttpFailure
from .tiers import UNKNOWN, who_answered

LIVENESS, IDENTITY, GENERATE = "liveness", "identity", "generate"
LADDER = (LIVENESS, IDENTITY, GENERATE)
_REFUSALS = (401, 403)
# A key that was just added takes a while to reach the gateway; a wrong one never gets there.
REFUSAL_PATIENCE = 120.0


@dataclass(frozen=True)
class Expectation:
    """What has to be true. ``tier`` may be empty: then any tier will do."""

    model: str = ""
    validate: str = GENERATE
    tier: str = ""
    tier_map: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.validate == LIVENESS:
            return "a server that answers"
        told = f"model {self.model!r}"
        if self.validate == IDENTITY:
            return f"{told} in the list of models"
        return f"{told} to generate a token" + (f" on tier {self.tier!r}" if self.tier else "")


@dataclass
class Report:
    """What is known so far; complete once ``healthy``."""

    healthy: bool = False
    model: str = ""
    tier: str = UNKNOWN
    api_base: str = ""
    attempts: int = 0
    elapsed_s: float = 0.0
    latency_s: float = 0.0
    completion_tokens: int = 0
    models: list[str] = field(default_factory=list)
    last_error: str = ""

    def as_plain(self) -> dict[str, Any]:
        return {**self.__dict__, "models": list(self.models)}


class Prober:
    """One server and one expectation, tried until it holds or time is up."""

    def __init__(
        self,
        client: Client,
        expectation: Expectation,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._expectation = expectation
        self._clock = clock
        self._sleep = sleep
        self.report = Report(model=expectation.model)
        self._seen_before = ""

    def wait(self, timeout: float, interval: float, patience: float = REFUSAL_PATIENCE) -> Report:
        """Try until the deadline. Raises DeadlineExceeded, or ProbeFailed when the key stays refused."""
        start = self._clock()
        refused_since: float | None = None
        while True:
            self.report.attempts += 1
            try:
                self._climb(start + timeout)
                self.report.healthy = True
                self.report.last_error = ""
            except StackError as error:
                self._remember(error)
                refused = isinstance(error, HttpFailure) and error.status in _REFUSALS
                if not refused:
                    refused_since = None
                elif refused_since is None:
                    refused_since = self._clock()
            now = self._clock()
            self.report.elapsed_s = round(now - start, 3)
            if self.report.healthy:
                return self.report
            if refused_since is not None and now - refused_since >= patience:
                raise ProbeFailed(
                    f"{self._client.url} keeps refusing the key: {self.report.last_error}",
                    "Check api_key, and that the key may use this model.",
                )
            if now + interval >= start + timeout:
                raise self._too_late(timeout)
            self._sleep(interval)

    def _remember(self, error: StackError) -> None:
        """An attempt that time cut short says less than the one before it, so that one stays beside it."""
        told = str(error)
        if isinstance(error, DeadlineExceeded) and self._seen_before:
            told = f"{told} (before: {self._seen_before})"
        else:
            self._seen_before = told
        self.report.last_error = told

    def _climb(self, end: float) -> None:
        wanted = self._expectation.validate
        self._client.check_alive(self._left(end))
        if wanted == LIVENESS:
            return
        self._check_identity(end)
        if wanted == GENERATE:
            self._generate(end)

    def _left(self, end: float) -> float:
        """A request may take what its own limit and the deadline leave."""
        left = end - self._clock()
        if left <= 0:
            raise DeadlineExceeded("time was up before the next request")
        return min(self._client.timeout, left)

    def _check_identity(self, end: float) -> None:
        self.report.models = [card.id for card in self._client.list_models(self._left(end))]
        if self._expectation.model not in self.report.models:
            named = ", ".join(self.report.models) or "none"
            raise ProbeFailed(
                f"the server does not name model {self._expectation.model!r}; it names: {named}"
            )

    def _generate(self, end: float) -> None:
        expected = self._expectation
        answer = self._client.complete(
            {
                "model": expected.model,
                "messages": [{"role": "user", "content": "Say OK."}],
                "max_tokens": 1,
                "temperature": 0,
            },
            self._left(end),
        )
        origin = who_answered(answer.headers, expected.tier_map, self._client.url)
        self.report.tier, self.report.api_base = origin.tier, origin.api_base
        self.report.latency_s = round(answer.latency_s, 3)
        self.report.completion_tokens = answer.usage.completion_tokens if answer.usage else 0
        if not answer.generated:
            raise ProbeFailed(f"model {expected.model!r} answered without a token")
        if expected.tier and origin.tier != expected.tier:
            where = f" at {origin.api_base}" if origin.api_base else ""
            raise ProbeFailed(f"tier {origin.tier!r}{where} answered instead of tier {expected.tier!r}")

    def _too_late(self, timeout: float) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"expected {self._expectation} at {self._client.url} within {timeout:g} s; "
            f"seen last (attempt {self.report.attempts}): {self.report.last_error}",
            "Look at the server's log, or raise timeout.",
        )
