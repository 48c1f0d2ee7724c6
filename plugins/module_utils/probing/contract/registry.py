# SPDX-License-Identifier: Apache-2.0
"""All checks, in the order in which people read them. A new check is a row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import chat, context, document, identity, limits, memory, reasoning, streaming, tools
from .promise import CHAT, JSON, OFF, REASONING, REPORT, TOOLS, Promise
from .results import Result, about_quality, judged, not_applicable
from .session import Session

# First those that all others depend on, then those that must not share the GPU, then the others.
FIRST, ALONE, TOGETHER = range(3)
QUALITY_OFF = "the quality of answers is not judged"


def _always(_promise: Promise) -> str:
    return ""


def _needs(capability: str) -> Callable[[Promise], str]:
    def lack(promise: Promise) -> str:
        return "" if promise.has(capability) else f"the model does not promise {capability}"

    return lack


def _no_plain_answer(promise: Promise) -> str:
    return "judged by reasoning_answer" if promise.has(REASONING) else _needs(CHAT)(promise)


def _no_switch(promise: Promise) -> str:
    return "" if promise.thinking_switch else "the model has no such switch"


def _no_length(promise: Promise) -> str:
    return "" if promise.max_model_len else "no length is promised"


@dataclass(frozen=True)
class Check:
    """One question to the model, and the names of the results that its answer gives.

    ``quality`` are those among them that judge the weights. ``lack`` tells why a model is not asked, or
    nothing. A check that asks nothing compares what is known already.
    """

    names: tuple[str, ...]
    run: Callable[[Session], list[Result]]
    lack: Callable[[Promise], str] = _always
    turn: int = TOGETHER
    quality: tuple[str, ...] = ()
    asks: bool = True

    def why_not(self, promise: Promise) -> str:
        """Why the model is not asked; empty when it is."""
        if promise.quality == OFF and set(self.names) == set(self.quality):
            return QUALITY_OFF
        return self.lack(promise)

    def results(self, session: Session) -> list[Result]:
        found = self.run(session)
        if session.promise.quality == OFF:
            found = [
                not_applicable(one.check, QUALITY_OFF) if one.check in self.quality else one for one in found
            ]
        return self._marked(found, session.promise)

    def unanswered(self, promise: Promise, why: str) -> list[Result]:
        """The first result fails, and the others have nothing to judge."""
        first, *others = self.names
        failed = judged(first, False, "an answer", why)
        return self._marked([failed, *(not_applicable(name, f"{first} failed") for name in others)], promise)

    def _marked(self, results: list[Result], promise: Promise) -> list[Result]:
        return about_quality(results, self.quality, required=promise.quality != REPORT)


CHECKS = (
    Check((identity.NAME,), identity.check, turn=FIRST),
    Check((chat.NAME,), chat.check, turn=FIRST),
    Check((chat.ANSWER,), chat.check_answer, _no_plain_answer, quality=(chat.ANSWER,)),
    Check((streaming.NAME, streaming.SPEED), streaming.check, turn=ALONE),
    Check((limits.MAX_TOKENS, limits.STOP), limits.check),
    Check((document.NAME, document.ANSWER), document.check, _needs(JSON), quality=(document.ANSWER,)),
    Check((tools.NAME, tools.ANSWER), tools.check, _needs(TOOLS), quality=(tools.ANSWER,)),
    Check(
        (reasoning.NAME, reasoning.ANSWER), reasoning.check, _needs(REASONING), quality=(reasoning.ANSWER,)
    ),
    Check((reasoning.THINK,), reasoning.check_think, _no_switch),
    Check((reasoning.NO_THINK,), reasoning.check_no_think, _no_switch),
    Check((context.NAME,), context.check, _no_length),
    Check((memory.NAME,), memory.check, asks=False),
)
