# SPDX-License-Identifier: Apache-2.0
"""Chat requests of known length that no server has seen before.

Servers cache the beginnings of prompts (vLLM does by default), so every prompt begins with words of its own,
unless prompts are sent unchanged; with a shared prefix these words come right after it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from .settings import FILE, SHARED_PREFIX, Workload

# Common words: in the usual vocabularies each is about one token.
_WORDS = (
    *(
        "about",
        "after",
        "again",
        "also",
        "back",
        "because",
        "before",
        "both",
        "came",
        "city",
        "could",
        "country",
    ),
    *("day", "down", "each", "end", "even", "every", "far", "few", "find", "first", "found", "from", "give"),
    *(
        "good",
        "great",
        "hand",
        "head",
        "help",
        "high",
        "home",
        "house",
        "into",
        "just",
        "keep",
        "kind",
        "know",
    ),
    *("large", "last", "left", "life", "light", "like", "line", "little", "long", "made", "make", "many"),
    *(
        "means",
        "more",
        "most",
        "much",
        "name",
        "near",
        "never",
        "next",
        "night",
        "now",
        "number",
        "old",
        "once",
    ),
    *("only", "open", "other", "over", "own", "part", "people", "place", "right", "same", "school", "small"),
)
TEMPERATURE = 0  # the same work every time


@dataclass(frozen=True)
class Scale:
    """How the server's tokenizer counts: tokens per word, and what its chat template adds to every prompt."""

    tokens_per_word: float = 1.3
    overhead: float = 12.0

    def words(self, tokens: float, whole: bool = True) -> int:
        """Words that make so many tokens; ``whole`` when the prompt has no other text."""
        return max(1, round((tokens - (self.overhead if whole else 0)) / self.tokens_per_word))


@dataclass(frozen=True)
class Row:
    """One line of a file: messages, and the length of the answer where the line names one."""

    messages: tuple[Mapping[str, Any], ...]
    output_tokens: int = 0


class Prompts:
    """The requests of one run. The run's name makes them differ from those of every other run."""

    def __init__(self, workload: Workload, model: str, run: str, scale: Scale) -> None:
        self._workload = workload
        self._model = model
        self._run = run
        self._scale = scale
        self._rows = read_rows(workload.dataset_path) if workload.dataset == FILE else []
        chance = random.Random(f"{workload.seed} prefix")
        start = self._mark("prefix")
        self._prefix = f"{start}{_words(scale.words(workload.prefix_tokens, False), chance)} "

    def body(self, name: str, stream_options: Mapping[str, bool]) -> bytes:
        """The request of this name, for instance the number of it; lengths follow from name and seed."""
        workload = self._workload
        chance = random.Random(f"{workload.seed} {name}")
        output_tokens = _around(workload.output_tokens, workload.spread, chance)
        if self._rows:
            row = self._rows[row_index(name, len(self._rows))]
            messages = self._with_mark(row.messages, name)
            output_tokens = row.output_tokens or output_tokens
        else:
            messages = [{"role": "user", "content": self._text(name, chance)}]
        return self.encode(messages, output_tokens, stream_options)

    def encode(
        self, messages: list[dict[str, Any]], output_tokens: int, stream_options: Mapping[str, bool]
    ) -> bytes:
        """A request in OpenAI's form."""
        request: dict[str, Any] = {
            "model": self._model,
            "messages": messages,
            "max_tokens": output_tokens,
            "temperature": TEMPERATURE,
            "stream": True,
        }
        if stream_options:
            request["stream_options"] = dict(stream_options)
        if self._workload.ignore_eos:
            request.update(ignore_eos=True, min_tokens=output_tokens)
        return json.dumps({**request, **self._workload.extra_body}).encode()

    def sample(self, words: int) -> list[dict[str, Any]]:
        """A prompt of so many words, to learn how the server counts."""
        name = f"sample {words}"
        text = self._mark(name) + _words(words, random.Random(name))
        return [{"role": "user", "content": text}]

    def _mark(self, name: str) -> str:
        """Words that no prompt had before; empty when prompts are sent unchanged."""
        return f"{self._run} {name}: " if self._workload.unique_prompts else ""

    def _text(self, name: str, chance: random.Random) -> str:
        tokens = _around(self._workload.input_tokens, self._workload.spread, chance)
        text = self._mark(name) + _words(self._scale.words(tokens), chance)
        return self._prefix + text if self._workload.dataset == SHARED_PREFIX else text

    def _with_mark(self, messages: tuple[Mapping[str, Any], ...], name: str) -> list[dict[str, Any]]:
        first, *others = (dict(message) for message in messages)
        if isinstance(first.get("content"), str):
            first["content"] = self._mark(name) + first["content"]
        return [first, *others]


def row_index(name: str, count: int) -> int:
    """A number takes the row of its place; any other name takes always the same row."""
    return int(name) % count if name.isdigit() else random.Random(name).randrange(count)


def _words(count: int, chance: random.Random) -> str:
    return " ".join(chance.choices(_WORDS, k=count))


def _around(mean: int, spread: float, chance: random.Random) -> int:
    return max(1, round(mean * (1 + spread * chance.uniform(-1, 1)))) if spread else mean


def read_rows(path: str) -> list[Row]:
    """A file with one JSON object per line. Raises InvalidInput that names the line."""
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise InvalidInput(f"dataset_path {path} cannot be read: {error}") from None
    rows = list(_rows(lines, path))
    if not rows:
        raise InvalidInput(f"dataset_path {path} has no prompts")
    return rows


def _rows(lines: list[str], path: str) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _row(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise InvalidInput(
                    f"dataset_path {path}, line {number}: {error}",
                    'Write {"prompt": "…"} or {"messages": […]}, and perhaps "output_tokens".',
                ) from None


def _row(content: Any) -> Row:
    if not isinstance(content, dict):
        raise ValueError("is not a JSON object")
    messages = content.get("messages")
    if messages is None and isinstance(content.get("prompt"), str):
        messages = [{"role": "user", "content": content["prompt"]}]
    if not isinstance(messages, list) or not messages or not all(isinstance(row, dict) for row in messages):
        raise ValueError("has neither a prompt nor messages")
    length = content.get("output_tokens", content.get("max_tokens", 0))
    if isinstance(length, bool) or not isinstance(length, int) or length < 0:
        raise ValueError(f"output_tokens is {length!r}")
    return Row(tuple(messages), length)
