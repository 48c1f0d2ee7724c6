# SPDX-License-Identifier: Apache-2.0
"""The model reasons before it answers, the reasoning is separate from the answer, and its switch works."""

from __future__ import annotations

import re

from ...openai_api.types import Completion
from .results import Result, judged, not_applicable, quote
from .session import Session

NAME, ANSWER = "reasoning", "reasoning_answer"
THINK, NO_THINK = "think", "no_think"
_QUESTION = "What is 15 + 27? Think about it step by step, then answer with the number."
_WANTED = re.compile(r"\b42\b")
_MARKS = ("<think>", "</think>", "<|channel|>")


def _length(text: str) -> str:
    return f"{len(text.split())} words of reasoning"


def _has_marks(text: str) -> bool:
    return any(mark in text for mark in _MARKS)


def _spent(answer: Completion) -> str:
    """Says that the tokens were used up while the model was still reasoning."""
    return ", its tokens used up" if answer.finish_reason == "length" else ""


def judge(answer: Completion) -> Result:
    expected = "reasoning in a field of its own, none of it in the content"
    if _has_marks(answer.content):
        return judged(NAME, False, expected, f"reasoning in the content: {quote(answer.content)}")
    if not answer.reasoning.strip():
        return judged(NAME, False, expected, f"no reasoning; content {quote(answer.content)}")
    return judged(NAME, True, expected, f"{_length(answer.reasoning)} separate from the content")


def judge_answer(answer: Completion) -> Result:
    content = answer.content.rsplit("</think>", 1)[-1]
    return judged(ANSWER, bool(_WANTED.search(content)), "42", quote(content) + _spent(answer))


def judge_think(answer: Completion) -> Result:
    holds = bool(answer.reasoning.strip()) and not _has_marks(answer.content)
    seen = f"{_length(answer.reasoning)}, content {quote(answer.content)}{_spent(answer)}"
    return judged(THINK, holds, "reasoning after /think", seen)


def judge_no_think(answer: Completion) -> Result:
    holds = not answer.reasoning.strip() and not _has_marks(answer.content) and bool(answer.content.strip())
    seen = f"{_length(answer.reasoning)}, content {quote(answer.content)}"
    return judged(NO_THINK, holds, "an answer and no reasoning after /no_think", seen)


def check(session: Session) -> list[Result]:
    answer = session.ask(_QUESTION, session.promise.room)
    if session.promise.reasoning_apart:
        return [judge(answer), judge_answer(answer)]
    why = "the engine has no parser for it: the content holds the reasoning, too"
    return [not_applicable(NAME, why), judge_answer(answer)]


def check_think(session: Session) -> list[Result]:
    return [judge_think(session.ask(f"{_QUESTION} /think", session.promise.room))]


def check_no_think(session: Session) -> list[Result]:
    return [judge_no_think(session.ask(f"{_QUESTION} /no_think", session.promise.room))]
