"""Words to stop at are those that a model surely writes."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.openai_api.types import Completion, Usage
from ansible_collections.inference.stack.plugins.module_utils.probing.contract.limits import (
    judge_max_tokens,
    judge_stop,
    stops_for,
)


def answer(content: str, reason: str, tokens: int = 5, reasoning: str = "") -> Completion:
    return Completion("m", content, reasoning, finish_reason=reason, usage=Usage(9, tokens))


def test_the_most_frequent_characters() -> None:
    assert stops_for("aaaa bbb cc d") == ["a", " ", "b", "c"]
    assert stops_for("\n\n") == ["\n"]
    assert stops_for("\ufffd\ufffd\x04") == []
    assert stops_for("") == []


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (answer("", "stop"), "passed"),
        (answer("xyz", "stop"), "passed"),
        (answer("xaz", "stop"), "failed"),
        (answer("", "stop", reasoning="a thought"), "failed"),
        (answer("xyz", "length"), "not_applicable"),
        (answer("xyz", ""), "failed"),
    ],
)
def test_an_answer_ends_before_its_stop(given: Completion, status: str) -> None:
    assert judge_stop(given, ["a", " "]).status == status


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (answer("a", "length", 24), "passed"),
        (answer("a", "stop", 3), "passed"),
        (answer("a", "length", 25), "failed"),
        (Completion("m", "a", ""), "failed"),
    ],
)
def test_an_answer_has_as_many_tokens_as_asked(given: Completion, status: str) -> None:
    assert judge_max_tokens(given).status == status
