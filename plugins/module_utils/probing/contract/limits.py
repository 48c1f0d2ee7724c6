# SPDX-License-Identifier: Apache-2.0
"""The answer ends where the request says: after so many tokens, and before a word to stop at."""

from __future__ import annotations

from collections import Counter

from ...openai_api.types import Completion
from .results import Result, judged, not_applicable, quote
from .session import Session

MAX_TOKENS, STOP = "max_tokens", "stop"
_ROOM = 24
_STOPS = 4  # as many as the API takes
_PROMPT = "Describe a busy harbour in the early morning, in several long sentences."
_BROKEN = "\ufffd"  # replaces bytes that are not text


def judge_max_tokens(answer: Completion, limit: int = _ROOM) -> Result:
    expected = f"at most {limit} tokens"
    if answer.usage is None:
        return judged(MAX_TOKENS, False, expected, "no count of tokens (usage)")
    seen = f"{answer.usage.completion_tokens} tokens, ended by {answer.finish_reason or 'nothing'}"
    return judged(MAX_TOKENS, answer.usage.completion_tokens <= limit, expected, seen)


def stops_for(text: str) -> list[str]:
    """The characters that a model writes most: a second answer to the same question soon contains them."""
    counted = Counter(char for char in text if (char.isprintable() or char == "\n") and char != _BROKEN)
    return [char for char, _ in counted.most_common(_STOPS)]


def judge_stop(answer: Completion, stops: list[str]) -> Result:
    shown = " ".join(repr(stop) for stop in stops)
    expected = f"an answer that ends before {shown}"
    text = answer.reasoning + answer.content
    if any(stop in text for stop in stops):
        return judged(STOP, False, expected, quote(text))
    if answer.finish_reason == "length":
        return not_applicable(STOP, f"the model never wrote {shown}")
    return judged(
        STOP, answer.finish_reason == "stop", expected, f"ended by {answer.finish_reason} before {shown}"
    )


def check(session: Session) -> list[Result]:
    free = session.ask(_PROMPT, _ROOM)
    stops = stops_for(free.reasoning + free.content)
    if not stops:
        return [judge_max_tokens(free), not_applicable(STOP, "the model wrote no text to stop at")]
    return [judge_max_tokens(free), judge_stop(session.ask(_PROMPT, _ROOM, stop=stops), stops)]
