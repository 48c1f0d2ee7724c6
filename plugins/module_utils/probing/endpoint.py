# SPDX-License-Identifier: Apache-2.0
"""One observation of an OpenAI-compatible server: is it alive, which models, who answers. Never raises."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import DeadlineExceeded, ProbeFailed, StackError
from ..openai_api.client import Client
from ..openai_api.failures import HttpFailure
from .answering_tier import UNKNOWN, who_answered

_REFUSALS = (401, 403)


@dataclass(frozen=True)
class Question:
    """What each model is asked."""

    prompt: str = "Say OK."
    max_tokens: int = 1


@dataclass(frozen=True)
class Answer:
    """What came of asking one model."""

    model: str
    answered: bool = False
    tier: str = UNKNOWN
    api_base: str = ""
    fallbacks: int = 0
    latency_s: float = 0.0
    completion_tokens: int = 0
    content: str = ""
    reasoning: str = ""
    error: str = ""


@dataclass
class Look:
    """What was seen until the first failure, which ``error`` names."""

    url: str
    reachable: bool = False
    """Something spoke HTTP."""
    alive: bool = False
    refused: bool = False
    """The key was."""
    models: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    error: str = ""

    def as_plain(self) -> dict[str, Any]:
        return {**asdict(self), "answers": [asdict(answer) for answer in self.answers]}


class Looker:
    """One server, and the time that observing it may take."""

    def __init__(
        self,
        client: Client,
        timeout: float,
        tier_map: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._tier_map = tier_map
        self._clock = clock
        self._timeout = timeout
        self._end = clock() + timeout

    def look(self, models: Sequence[str], question: Question) -> Look:
        """Go on until something fails; every model is asked, even if another one failed."""
        seen = Look(self._client.url)
        try:
            self._client.check_alive(self._left())
            seen.reachable = seen.alive = True
            seen.models = [card.id for card in self._client.list_models(self._left())]
        except StackError as error:
            self._remember(seen, error)
        if seen.alive and not seen.refused:
            seen.answers = [self._ask(model, question) for model in models]
        return seen

    def _remember(self, seen: Look, error: StackError) -> None:
        seen.error = str(error)
        if isinstance(error, ProbeFailed):
            seen.reachable = True
        seen.refused = isinstance(error, HttpFailure) and error.status in _REFUSALS

    def _ask(self, model: str, question: Question) -> Answer:
        request = {
            "model": model,
            "messages": [{"role": "user", "content": question.prompt}],
            "max_tokens": question.max_tokens,
            "temperature": 0,
        }
        try:
            told = self._client.complete(request, self._left())
        except StackError as error:
            return Answer(model, error=str(error))
        origin = who_answered(told.headers, self._tier_map, self._client.url)
        return Answer(
            model=model,
            answered=told.generated,
            tier=origin.tier,
            api_base=origin.api_base,
            fallbacks=origin.fallbacks,
            latency_s=round(told.latency_s, 3),
            completion_tokens=told.usage.completion_tokens if told.usage else 0,
            content=told.content,
            reasoning=told.reasoning,
            error="" if told.generated else "it answered without a token",
        )

    def _left(self) -> float:
        """A request may take its own limit, or what is left of the whole time."""
        left = self._end - self._clock()
        if left <= 0:
            raise DeadlineExceeded(f"the {self._timeout:g} s for the whole observation were over")
        return min(self._client.timeout, left)
