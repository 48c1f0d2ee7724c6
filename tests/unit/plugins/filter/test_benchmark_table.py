"""The filter benchmark_table."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import benchmark_table

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.history.runs import point, run


def test_runs_become_a_table() -> None:
    assert "Qwen/Qwen3-8B-AWQ" in call(benchmark_table, [run(point(60))])
