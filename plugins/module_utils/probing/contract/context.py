# SPDX-License-Identifier: Apache-2.0
"""The promised length is the real one: a prompt just below it is read whole, one just above is refused.

Servers count differently, so two short prompts tell how many tokens one repetition of a sentence takes with
this model's tokenizer and template; longer prompts follow from that.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ...errors import ProbeFailed
from ...openai_api.failures import HttpFailure
from ...openai_api.types import Completion
from .results import Result, judged
from .session import Session

NAME = "context"
_SENTENCE = "A quick brown fox jumps over the lazy dog. "
_FEW, _MORE = 2, 6
_REFUSED = 400
_SLACK = 4  # tokens that the end of a prompt may merge into


class Ruler(NamedTuple):
    """How many tokens a prompt of so many sentences has."""

    fixed: float
    per_sentence: float

    def tokens(self, sentences: int) -> int:
        return round(self.fixed + self.per_sentence * sentences)

    def below(self, limit: int) -> int:
        """The most sentences that leave room for one token of an answer."""
        return int((limit - 1 - _SLACK - self.fixed) // self.per_sentence)

    def above(self, limit: int) -> int:
        """The fewest sentences that fill the limit alone."""
        return math.ceil((limit + _SLACK - self.fixed) / self.per_sentence)


def prompt_of(sentences: int) -> str:
    return _SENTENCE * sentences


def ruler(few: int, more: int) -> Ruler:
    """From the tokens of the two short prompts."""
    per_sentence = (more - few) / (_MORE - _FEW)
    if per_sentence < 1:
        raise ProbeFailed(f"prompts of different lengths count as {few} and {more} tokens")
    return Ruler(few - per_sentence * _FEW, per_sentence)


def counted(answer: Completion) -> int:
    if answer.usage is None or not answer.usage.prompt_tokens:
        raise ProbeFailed("the server does not count the tokens of a prompt (usage)")
    return answer.usage.prompt_tokens


def judge_below(read: int, sent: int, limit: int) -> Result:
    """A server that cuts long prompts answers as usual; only its count of tokens shows it."""
    expected = f"a prompt of {sent} tokens read whole, a context of {limit}"
    holds = abs(read - sent) <= _SLACK + sent // 100
    return judged(NAME, holds, expected, f"{read} tokens of {sent} read")


def judge_above(answer: Completion | None, refusal: HttpFailure | None, sent: int, limit: int) -> Result:
    expected = f"HTTP {_REFUSED} for a prompt of {sent} tokens, a context of {limit}"
    if refusal is None:
        read = answer.usage.prompt_tokens if answer is not None and answer.usage is not None else 0
        return judged(NAME, False, expected, f"an answer, {read} tokens of the prompt read")
    return judged(NAME, refusal.status == _REFUSED, expected, f"HTTP {refusal.status}")


def check(session: Session) -> list[Result]:
    limit = session.promise.max_model_len
    few, more = (counted(session.ask(prompt_of(count), 1)) for count in (_FEW, _MORE))
    scale = ruler(few, more)
    fitting, excessive = scale.below(limit), scale.above(limit)
    try:
        read = counted(session.ask(prompt_of(fitting), 1))
    except HttpFailure as refusal:
        expected = f"a prompt of {scale.tokens(fitting)} tokens read whole, a context of {limit}"
        return [judged(NAME, False, expected, str(refusal))]
    below = judge_below(read, scale.tokens(fitting), limit)
    if below.breaks:
        return [below]
    try:
        above = judge_above(session.ask(prompt_of(excessive), 1), None, scale.tokens(excessive), limit)
    except HttpFailure as refusal:
        above = judge_above(None, refusal, scale.tokens(excessive), limit)
    if above.breaks:
        return [above]
    expected = f"a context of {limit} tokens"
    return [judged(NAME, True, expected, f"{read} tokens read, {scale.tokens(excessive)} refused")]
