"""Prompts of any length follow from two short ones."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import ProbeFailed
from ansible_collections.inference.stack.plugins.module_utils.openai_api.failures import HttpFailure
from ansible_collections.inference.stack.plugins.module_utils.openai_api.types import Completion, Usage
from ansible_collections.inference.stack.plugins.module_utils.probing.contract.context import (
    counted,
    judge_above,
    judge_below,
    ruler,
)


def read(tokens: int) -> Completion:
    return Completion("m", "a", "", usage=Usage(tokens, 1))


@pytest.mark.parametrize(("fixed", "per_sentence"), [(9, 10), (31, 26.5), (200, 9.25)])
@pytest.mark.parametrize("limit", [1024, 8192, 131072])
def test_prompts_lie_just_below_and_just_above(fixed: float, per_sentence: float, limit: int) -> None:
    scale = ruler(round(fixed + 2 * per_sentence), round(fixed + 6 * per_sentence))
    below, above = scale.tokens(scale.below(limit)), scale.tokens(scale.above(limit))
    assert below + 1 <= limit < above
    assert limit - below <= per_sentence + 6
    assert above - limit <= per_sentence + 5


def test_a_server_that_counts_nothing_cannot_be_judged() -> None:
    with pytest.raises(ProbeFailed, match="prompts of different lengths count as 7 and 7 tokens"):
        ruler(7, 7)
    with pytest.raises(ProbeFailed, match="does not count the tokens"):
        counted(Completion("m", "a", ""))


@pytest.mark.parametrize(("tokens", "status"), [(8180, "passed"), (8110, "passed"), (4096, "failed")])
def test_a_cut_prompt_shows_in_the_count(tokens: int, status: str) -> None:
    assert judge_below(tokens, 8180, 8192).status == status


def test_only_a_refusal_in_its_own_words_passes() -> None:
    assert judge_above(None, HttpFailure("POST", 400, ""), 8200, 8192).status == "passed"
    assert judge_above(None, HttpFailure("POST", 500, ""), 8200, 8192).status == "failed"
    result = judge_above(read(4096), None, 8200, 8192)
    assert result.status == "failed"
    assert "4096 tokens of the prompt read" in result.seen
