"""The table names each model once, fits a terminal, and says what the history says."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.plugin_utils.history.noise import judge
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.benchmark_table import benchmark_table

from tests.unit.plugins.plugin_utils.history.runs import history, point, run


def test_a_table_of_two_loads() -> None:
    past = history([60.0] * 6)
    points = [
        point(61.25, median_tpot_ms=16.1),
        point(110, 4, failed=2),
        point(9, 8, client_limited=True),
    ]
    entry = run(*points)
    entry["judgements"] = [judgement.as_plain() for judgement in judge(entry, past)]
    lines = benchmark_table([entry]).splitlines()
    assert [line.split() for line in lines] == [
        ["model", "load", "tok/s", "req/s", "TTFT", "ms", "p99", "TPOT", "ms", "failed", "history"],
        ["Qwen/Qwen3-8B-AWQ", "1", "61.2", "0.48", "85", "102", "16.1", "0", "ok", "(60.0", "±", "1.2)"],
        ["4", "110.0", "0.86", "85", "102", "-", "2", "run", "1"],
        ["8", "9.0", "0.07", "85", "102", "-", "0", "client", "limited"],
    ]
    assert max(map(len, lines)) <= 91


def test_no_runs_are_an_empty_table() -> None:
    assert benchmark_table([]).startswith("model")


def test_runs_without_judgements_have_figures_all_the_same() -> None:
    assert "60.0" in benchmark_table([run(point(60, request_rate=2.5))])
    assert "2.5/s" in benchmark_table([run(point(60, request_rate=2.5))])
