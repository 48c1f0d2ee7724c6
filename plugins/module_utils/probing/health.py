# SPDX-License-Identifier: Apache-2.0
"""Waits until a model is proven to work: its server lives and is ready, has the right name, and generates.

Each attempt makes the same checks in order and stops at the first that fails, so the last failure shows how
far the server has come.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..cluster.patience import Announcer, silence
from ..errors import DeadlineExceeded, ProbeFailed, StackError
from ..openai_api.client import LIVENESS_PATHS, Client
from ..openai_api.failures import HttpFailure
from . import metrics
from .answering_tier import UNKNOWN, who_answered

LIVENESS, READINESS, IDENTITY, GENERATE = "liveness", "readiness", "identity", "generate"
LADDER = (LIVENESS, READINESS, IDENTITY, GENERATE)
_READINESS_PATH = "/health/readiness"
_VERSION_PATH = "/version"
_METRICS_PATH = "/metrics"
_REFUSALS = (401, 403)
# A new key takes a while to reach the gateway; a wrong key never works.
REFUSAL_PATIENCE = 120.0


@dataclass(frozen=True)
class Expectation:
    """What has to be true. Empty or 0 means any."""

    model: str = ""
    validate: str = GENERATE
    tier: str = ""
    tier_map: Mapping[str, str] = field(default_factory=dict)
    max_model_len: int = 0
    version: str = ""
    metrics: bool = False

    def __str__(self) -> str:
        if self.validate in (LIVENESS, READINESS):
            return "a server that answers" if self.validate == LIVENESS else "a server that is ready"
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
    max_model_len: int = 0
    version: str = ""
    last_error: str = ""

    def as_plain(self) -> dict[str, Any]:
        return {**self.__dict__, "models": list(self.models)}


class Witness(Protocol):
    """Another source that knows the server, such as the cluster that runs it."""

    def in_vain(self) -> str:
        """Why waiting longer is useless; empty while it may help."""

    def explain(self) -> str:
        """The obstacle; empty if none is known."""


class Prober:
    """One server and one expectation, tried until it holds or time is up."""

    def __init__(
        self,
        client: Client,
        expectation: Expectation,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        witness: Witness | None = None,
        say: Callable[[str], None] = silence,
    ) -> None:
        self._client = client
        self._announcer = Announcer(say, clock)
        self._witness = witness
        self._expectation = expectation
        self._clock = clock
        self._sleep = sleep
        self.report = Report(model=expectation.model)
        self._seen_before = ""

    def wait(self, timeout: float, interval: float, patience: float = REFUSAL_PATIENCE) -> Report:
        """Try until the deadline. Raises DeadlineExceeded, or ProbeFailed when waiting is useless."""
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
            in_vain = self._witness.in_vain() if self._witness else ""
            if in_vain:
                raise ProbeFailed(f"{self._expectation} at {self._client.url} cannot be reached.\n{in_vain}")
            if now + interval >= start + timeout:
                raise self._too_late(timeout)
            self._sleep(interval)

    def _remember(self, error: StackError) -> None:
        """An attempt that ran out of time says less than the one before it, so both are shown."""
        told = str(error)
        if isinstance(error, DeadlineExceeded) and self._seen_before:
            told = f"{told} (before: {self._seen_before})"
        else:
            self._seen_before = told
        self.report.last_error = told
        # Times in an error change with every attempt.
        situation = re.sub(r"[\d.]+", "", told)
        line = f"{self._expectation} at {self._client.url}: {' '.join(told.split())}"
        self._announcer.tell("", situation, lambda: line)

    def _climb(self, end: float) -> None:
        wanted = self._expectation.validate
        path = self._client.check_alive(self._left(end))
        if wanted == LIVENESS:
            return
        # An engine opens its port when the model is loaded, so its liveness says as much.
        if path == LIVENESS_PATHS[0]:
            self._client.look_up(_READINESS_PATH, self._left(end))
        if wanted == READINESS:
            return
        self._check_identity(end)
        self._check_engine(end)
        if wanted == GENERATE:
            self._generate(end)

    def _left(self, end: float) -> float:
        """A request may take its own limit, or what is left until the deadline."""
        left = end - self._clock()
        if left <= 0:
            raise DeadlineExceeded("time was up before the next request")
        return min(self._client.timeout, left)

    def _check_identity(self, end: float) -> None:
        expected = self._expectation
        cards = {card.id: card for card in self._client.list_models(self._left(end))}
        self.report.models = list(cards)
        if expected.model not in cards:
            named = ", ".join(self.report.models) or "none"
            raise ProbeFailed(f"the server does not name model {expected.model!r}; it names: {named}")
        # Gateways do not report lengths, so a missing length is not wrong.
        length = self.report.max_model_len = cards[expected.model].max_model_len or 0
        if length and expected.max_model_len and length != expected.max_model_len:
            raise ProbeFailed(
                f"model {expected.model!r} takes {length} tokens instead of {expected.max_model_len}"
            )

    def _check_engine(self, end: float) -> None:
        """What only engines report, asked only if it is expected: a gateway refuses such requests."""
        expected = self._expectation
        if expected.version:
            self.report.version = self._version(end)
            if self.report.version != expected.version:
                raise ProbeFailed(f"release {self.report.version} runs instead of {expected.version}")
        if expected.metrics:
            page = self._client.look_up(_METRICS_PATH, self._left(end)) or b""
            missing = metrics.missing(metrics.read(page.decode("utf-8", "replace")))
            if missing:
                raise ProbeFailed(f"the metrics lack {', '.join(missing)}")

    def _version(self, end: float) -> str:
        body = self._client.look_up(_VERSION_PATH, self._left(end))
        try:
            told = json.loads(body or b"")
        except ValueError:
            told = None
        version = told.get("version") if isinstance(told, dict) else None
        if not isinstance(version, str):
            raise ProbeFailed(f"{_VERSION_PATH} does not report a version")
        # What follows a plus sign names the build, not the release.
        return version.lstrip("v").partition("+")[0]

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
        told = (
            f"expected {self._expectation} at {self._client.url} within {timeout:g} s; "
            f"seen last (attempt {self.report.attempts}): {self.report.last_error}"
        )
        explained = self._witness.explain() if self._witness else ""
        if explained:
            return DeadlineExceeded(f"{told}\n{explained}")
        return DeadlineExceeded(told, "Read the server's log, or raise timeout.")
