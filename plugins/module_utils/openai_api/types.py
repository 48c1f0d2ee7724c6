# SPDX-License-Identifier: Apache-2.0
"""What OpenAI-compatible servers answer, with the differences between servers and releases evened out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ModelCard:
    """A row of /v1/models. Gateways name neither root nor length."""

    id: str
    root: str = ""
    max_model_len: int | None = None


@dataclass(frozen=True)
class Usage:
    """Tokens as the server counted them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class Completion:
    """A finished answer and what came with it."""

    model: str
    content: str
    reasoning: str
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    finish_reason: str = ""
    usage: Usage | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    latency_s: float = 0.0

    @property
    def generated(self) -> bool:
        """Whether a token came out: a reasoning model's first one is no content yet."""
        counted = self.usage is not None and self.usage.completion_tokens > 0
        return counted or bool(self.content or self.reasoning or self.tool_calls)


@dataclass(frozen=True)
class Chunk:
    """One event of a streamed answer."""

    model: str = ""
    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    finish_reason: str = ""
    usage: Usage | None = None

    @property
    def has_token(self) -> bool:
        return bool(self.content or self.reasoning or self.tool_calls)


def _text(value: Any) -> str:
    """Text, also when it comes as a list of parts."""
    if isinstance(value, str):
        # JSON may contain half a surrogate pair, which cannot be printed.
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        parts = [part.get("text") for part in value if isinstance(part, Mapping)]
        return "".join(_text(part) for part in parts if isinstance(part, str))
    return ""


def _count(*values: Any) -> int:
    """The first of several names' values that is a count."""
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return 0


def _usage(value: Any) -> Usage | None:
    """Tokens by their old and new names."""
    if not isinstance(value, Mapping):
        return None
    return Usage(
        _count(value.get("prompt_tokens"), value.get("input_tokens")),
        _count(value.get("completion_tokens"), value.get("output_tokens")),
    )


def _first_choice(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, Mapping) else None


def _calls(message: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Tool calls; the one function call of older servers is one, too."""
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        return tuple(call for call in calls if isinstance(call, Mapping))
    old = message.get("function_call")
    return ({"index": 0, "type": "function", "function": old},) if isinstance(old, Mapping) else ()


def _parts(choice: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The part of a choice below ``key``.

    The field of the reasoning was renamed in vLLM: both names count. Plain completions have their text in the
    choice itself.
    """
    message = choice.get(key)
    if not isinstance(message, Mapping):
        return {"content": _text(choice.get("text")), "reasoning": "", "tool_calls": ()}
    return {
        "content": _text(message.get("content")),
        "reasoning": _text(message.get("reasoning")) or _text(message.get("reasoning_content")),
        "tool_calls": _calls(message),
    }


def model_cards(answer: Mapping[str, Any]) -> list[ModelCard]:
    """The models that a server names. Raises ValueError when the answer is no list of models."""
    rows = answer.get("data")
    if not isinstance(rows, list):
        raise ValueError("no list of models")
    cards = []
    for row in rows:
        if isinstance(row, Mapping) and isinstance(row.get("id"), str):
            # vLLM's name first, then those of other servers.
            length = _count(
                row.get("max_model_len"), row.get("context_length"), row.get("max_context_length")
            )
            cards.append(ModelCard(row["id"], _text(row.get("root")), length or None))
    return cards


def completion(answer: Mapping[str, Any], headers: Mapping[str, str], latency_s: float) -> Completion:
    """A completed chat answer. Raises ValueError if there is none."""
    choice = _first_choice(answer)
    if choice is None:
        raise ValueError("no choices")
    return Completion(
        model=_text(answer.get("model")),
        finish_reason=_text(choice.get("finish_reason")),
        usage=_usage(answer.get("usage")),
        headers=headers,
        latency_s=latency_s,
        **_parts(choice, "message"),
    )


def chunk(event: Mapping[str, Any]) -> Chunk:
    """One event; the one with the usage has no choices."""
    choice = _first_choice(event) or {}
    return Chunk(
        model=_text(event.get("model")),
        finish_reason=_text(choice.get("finish_reason")),
        usage=_usage(event.get("usage")),
        **_parts(choice, "delta"),
    )
