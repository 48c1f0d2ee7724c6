"""The filter task_answer."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import task_answer

from tests.unit.plugins.filter.filter_calls import call


def test_a_failure_comes_back_with_its_reason() -> None:
    assert call(task_answer, {"failed": True, "msg": "away"}, "answers")["reason"] == "away"
