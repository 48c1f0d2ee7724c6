# SPDX-License-Identifier: Apache-2.0
"""The answer comes in pieces with a count at the end, and fast enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...openai_api.types import Usage
from .promise import Promise
from .results import Result, judged, not_applicable
from .session import Session, Stamped

NAME, SPEED = "stream", "speed"
_ROOM = 64
_PROMPT = "Write a story of about 300 words about a lighthouse keeper."
_MEASURABLE = 32  # fewer tokens say nothing about speed
# Other load slows one measurement, not three.
_ATTEMPTS = 3


class Measured(NamedTuple):
    """One streamed answer in figures."""

    pieces: int
    tokens: int
    first_s: float
    last_s: float
    finish_reason: str
    counted: bool

    @property
    def tokens_per_second(self) -> float:
        """Over the whole time, including the wait for the first token."""
        return self.tokens / self.last_s if self.last_s > 0 else 0.0


def measure(stream: Sequence[Stamped]) -> Measured:
    moments = [piece.seconds for piece in stream if piece.chunk.has_token]
    usages: list[Usage] = [piece.chunk.usage for piece in stream if piece.chunk.usage]
    reasons = [piece.chunk.finish_reason for piece in stream if piece.chunk.finish_reason]
    return Measured(
        pieces=len(moments),
        tokens=usages[-1].completion_tokens if usages else 0,
        first_s=moments[0] if moments else 0.0,
        last_s=moments[-1] if moments else 0.0,
        finish_reason=reasons[-1] if reasons else "",
        counted=bool(usages and usages[-1].completion_tokens),
    )


def judge(measured: Measured) -> Result:
    expected = "pieces as they are generated, then the count of tokens (usage)"
    if not measured.pieces:
        return judged(NAME, False, expected, "a stream without a token")
    if not measured.counted:
        return judged(NAME, False, expected, f"{measured.pieces} pieces and no count of tokens")
    if not measured.finish_reason:
        return judged(NAME, False, expected, f"{measured.pieces} pieces and no finish_reason")
    seen = f"{measured.tokens} tokens in {measured.pieces} pieces, the first after {measured.first_s:.2f} s"
    # A server that collects the answer before it sends it streams in form only.
    flows = measured.pieces > 1 or measured.tokens < 2
    return judged(NAME, flows, expected, seen, first_token_s=round(measured.first_s, 4))


def judge_speed(attempts: Sequence[Measured], promise: Promise) -> Result:
    """The best attempt counts: other load makes a GPU slower, never faster."""
    usable = [one for one in attempts if one.counted and one.tokens >= _MEASURABLE]
    if not usable:
        why = f"no answer of at least {_MEASURABLE} tokens to measure"
        if promise.floor:
            return judged(SPEED, False, f"{promise.floor:g} tokens/s", why)
        return not_applicable(SPEED, why)
    best = max(one.tokens_per_second for one in usable)
    seen = f"{best:.1f} tokens/s" + (f", the best of {len(usable)}" if len(usable) > 1 else "")
    figure = {"tokens_per_second": round(best, 2)}
    if not promise.floor:
        return not_applicable(SPEED, f"{seen}; no floor is set for this GPU", **figure)
    return judged(SPEED, best >= promise.floor, f"at least {promise.floor:g} tokens/s", seen, **figure)


def check(session: Session) -> list[Result]:
    promise = session.promise
    room = min(_ROOM, promise.max_model_len // 2) if promise.max_model_len else _ROOM
    attempts: list[Measured] = []
    while len(attempts) < _ATTEMPTS:
        attempts.append(measure(session.stream(_PROMPT, room)))
        if not promise.floor or attempts[-1].tokens_per_second >= promise.floor:
            break
    return [judge(attempts[0]), judge_speed(attempts, promise)]
