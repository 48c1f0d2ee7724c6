"""A stream in figures, and what they are worth."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.openai_api.types import Chunk, Usage
from ansible_collections.inference.stack.plugins.module_utils.probing.contract.promise import Promise
from ansible_collections.inference.stack.plugins.module_utils.probing.contract.session import Stamped
from ansible_collections.inference.stack.plugins.module_utils.probing.contract.streaming import (
    Measured,
    judge,
    judge_speed,
    measure,
)


def stream(tokens: int, seconds: float, usage: bool = True) -> list[Stamped]:
    """So many tokens at an even pace after a role without content, then the end, then the usage."""
    pieces = [Stamped(0.001, Chunk())]
    pieces += [Stamped(seconds * (1 + index) / tokens, Chunk(content="a ")) for index in range(tokens)]
    pieces.append(Stamped(seconds, Chunk(finish_reason="length")))
    if usage:
        pieces.append(Stamped(seconds + 0.5, Chunk(usage=Usage(9, tokens))))
    return pieces


def test_time_ends_with_the_last_token() -> None:
    measured = measure(stream(64, 2.0))
    assert (measured.pieces, measured.tokens, measured.finish_reason) == (64, 64, "length")
    assert measured.first_s == pytest.approx(2.0 / 64)
    assert measured.last_s == 2.0
    assert measured.tokens_per_second == 32.0


def test_reasoning_is_output_too() -> None:
    pieces = [Stamped(1.0, Chunk(reasoning="Hm")), Stamped(2.0, Chunk(content="42", finish_reason="stop"))]
    measured = measure([*pieces, Stamped(2.1, Chunk(usage=Usage(9, 40)))])
    assert (measured.first_s, measured.tokens_per_second) == (1.0, 20.0)


def test_several_tokens_may_share_a_piece() -> None:
    assert judge(Measured(20, 64, 0.1, 2.0, "length", True)).status == "passed"
    assert judge(Measured(1, 64, 2.0, 2.0, "length", True)).status == "failed"
    assert judge(Measured(1, 1, 0.1, 0.1, "length", True)).status == "passed"


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        (measure([]), "a stream without a token"),
        (measure(stream(64, 2.0, usage=False)), "64 pieces and no count of tokens"),
        (Measured(64, 64, 0.1, 2.0, "", True), "no finish_reason"),
    ],
)
def test_a_stream_that_lacks_something(measured: Measured, told: str) -> None:
    result = judge(measured)
    assert result.status == "failed"
    assert told in result.seen


@pytest.mark.parametrize(
    ("seconds", "floor", "status"),
    [([2.0], 30.0, "passed"), ([3.0, 2.5, 2.0], 30.0, "passed"), ([3.0, 3.0], 30.0, "failed")],
)
def test_the_fastest_answer_counts(seconds: list[float], floor: float, status: str) -> None:
    attempts = [measure(stream(64, time)) for time in seconds]
    result = judge_speed(attempts, Promise("m", floor=floor))
    assert result.status == status
    assert result.figures["tokens_per_second"] == round(64 / min(seconds), 2)


def test_a_short_answer_measures_nothing() -> None:
    attempts = [measure(stream(5, 0.1))]
    assert judge_speed(attempts, Promise("m", floor=30.0)).status == "failed"
    assert judge_speed(attempts, Promise("m")).status == "not_applicable"


def test_without_a_floor_the_speed_is_only_told() -> None:
    result = judge_speed([measure(stream(64, 2.0))], Promise("m"))
    assert result.status == "not_applicable"
    assert "32.0 tokens/s" in result.seen
