# SPDX-License-Identifier: Apache-2.0
"""The server lists the model under exactly the name that clients use, and with the promised length."""

from __future__ import annotations

from collections.abc import Sequence

from ...openai_api.types import ModelCard
from .promise import Promise
from .results import Result, judged
from .session import Session

NAME = "identity"


def judge(cards: Sequence[ModelCard], promise: Promise) -> Result:
    """Gateways do not report lengths; an engine that reports another one was started with other arguments."""
    expected = f"model {promise.model}"
    if promise.max_model_len:
        expected += f" with {promise.max_model_len} tokens"
    card = next((card for card in cards if card.id == promise.model), None)
    if card is None:
        named = ", ".join(sorted(card.id for card in cards)) or "no model"
        return judged(NAME, False, expected, f"the server names {named}")
    if card.max_model_len is None or not promise.max_model_len:
        return judged(NAME, True, expected, f"named {card.id}")
    seen = f"named {card.id} with {card.max_model_len} tokens"
    return judged(NAME, card.max_model_len == promise.max_model_len, expected, seen)


def check(session: Session) -> list[Result]:
    return [judge(session.list_models(), session.promise)]
