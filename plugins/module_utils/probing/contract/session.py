# SPDX-License-Identifier: Apache-2.0
"""Asks one model and makes sure that the right server answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ...errors import ProbeFailed
from ...openai_api.client import Client
from ...openai_api.types import Chunk, Completion, ModelCard
from .. import answering_tier as tiers
from .promise import REASONING, Promise

# Without randomness, reasoning models run into loops.
_CALM, _LIVELY = 0.0, 0.6


class Stamped(NamedTuple):
    """A piece of a streamed answer, and the seconds since the request was sent."""

    seconds: float
    chunk: Chunk


class Session:
    """One model behind one address. Threads may share it: each request has a connection of its own."""

    def __init__(self, promise: Promise, connect: Callable[[], Client]) -> None:
        self.promise = promise
        self.origin = tiers.Origin(tiers.UNKNOWN, "", 0)
        self._connect = connect
        with connect() as client:
            self._url = client.url
        # An address that belongs to no tier is that of a gateway.
        self._gateway = bool(promise.tier_map) and not tiers.match(self._url, promise.tier_map)

    def list_models(self) -> list[ModelCard]:
        with self._connect() as client:
            return client.list_models()

    def ask(self, prompt: str, max_tokens: int, **request: Any) -> Completion:
        """A whole answer. Raises ProbeFailed when it came from elsewhere than promised."""
        answer, _ = self._complete({**self._body(prompt, max_tokens), **self._unhelped(), **request})
        return answer

    def ask_as_consumer(self, prompt: str, max_tokens: int) -> Completion:
        """A request as clients send it: a gateway may fall back, and its headers then name the tier."""
        answer, self.origin = self._complete(self._body(prompt, max_tokens))
        return answer

    def stream(self, prompt: str, max_tokens: int) -> list[Stamped]:
        body = {**self._body(prompt, max_tokens), **self._unhelped()}
        with self._connect() as client:
            start = time.perf_counter()
            with client.stream({**body, "stream_options": {"include_usage": True}}) as stream:
                pieces = [Stamped(time.perf_counter() - start, chunk) for chunk in stream]
        origin = self._origin(stream.headers)
        # A gateway may send its headers before it knows who answers, so silence is no evidence here.
        if origin.tier != tiers.UNKNOWN:
            self._require(origin)
        return pieces

    def _body(self, prompt: str, max_tokens: int) -> dict[str, Any]:
        return {
            "model": self.promise.model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": max_tokens,
            "temperature": _LIVELY if self.promise.has(REASONING) else _CALM,
        }

    def _unhelped(self) -> dict[str, Any]:
        """Keeps another tier, perhaps a paid one, from answering in place of the model that is judged."""
        return {"disable_fallbacks": True} if self._gateway else {}

    def _complete(self, body: Mapping[str, Any]) -> tuple[Completion, tiers.Origin]:
        with self._connect() as client:
            answer = client.complete(body)
        origin = self._origin(answer.headers)
        self._require(origin)
        return answer, origin

    def _origin(self, headers: Mapping[str, str]) -> tiers.Origin:
        self._gateway = self._gateway or tiers.is_gateway(headers)
        return tiers.who_answered(headers, self.promise.tier_map, self._url)

    def _require(self, origin: tiers.Origin) -> None:
        promised = self.promise
        where = f" at {origin.api_base}" if origin.api_base else ""
        if promised.tier and origin.tier != promised.tier:
            raise ProbeFailed(f"tier {origin.tier!r}{where} answered instead of tier {promised.tier!r}")
        if promised.api_base and not tiers.match(origin.api_base, {promised.api_base: "own"}):
            raise ProbeFailed(f"a server{where or ' without a name'} answered instead of {promised.api_base}")
