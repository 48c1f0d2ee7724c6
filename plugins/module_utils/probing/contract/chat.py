# SPDX-License-Identifier: Apache-2.0
"""The model answers a plain request as the site's clients send it, and knows what every model knows."""

from __future__ import annotations

from ...openai_api.types import Completion
from .results import Result, judged, quote
from .session import Session

NAME, ANSWER = "chat", "answer"
_ROOM = 8
_QUESTION = "What is the capital of France? Answer with one word."
_WANTED = "paris"


def judge(answer: Completion, tier: str) -> Result:
    expected = "generated tokens, counted, with a reason for their end"
    if not answer.generated:
        return judged(NAME, False, expected, "an answer without a token")
    if answer.usage is None or not answer.usage.completion_tokens:
        return judged(NAME, False, expected, "no count of tokens (usage)")
    if not answer.finish_reason:
        return judged(NAME, False, expected, "no finish_reason")
    seen = f"{answer.usage.completion_tokens} tokens in {answer.latency_s:.2f} s, tier {tier}"
    return judged(NAME, True, expected, seen, latency_s=round(answer.latency_s, 3))


def judge_answer(answer: Completion) -> Result:
    return judged(ANSWER, _WANTED in answer.content.lower(), "Paris", quote(answer.content))


def check(session: Session) -> list[Result]:
    answer = session.ask_as_consumer("Say OK.", _ROOM)
    return [judge(answer, session.origin.tier)]


def check_answer(session: Session) -> list[Result]:
    promise = session.promise
    return [judge_answer(session.ask(promise.briefly(_QUESTION), promise.room))]
