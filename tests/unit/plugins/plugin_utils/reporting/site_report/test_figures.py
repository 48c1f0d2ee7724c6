"""The figures of the last run as a table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.site_report.figures import (
    figures_table,
)
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.site_report.runs import Configuration

from tests.unit.plugins.plugin_utils.reporting.site_report.records import runs


def table(speeds: list[float], **values: Any) -> dict[str, Any]:
    """The table of runs, the last of which gets other figures."""
    entries = json.loads(json.dumps(runs(speeds)))
    for point in entries[-1]["points"]:
        point.update(values)
    return figures_table(Configuration(entries))


def first(**values: Any) -> dict[str, str]:
    told = table([60.0], **values)
    return dict(zip([name for name, _ in told["heads"]], told["rows"][0]["cells"], strict=True))


def test_a_row_for_each_load_of_the_last_run() -> None:
    told = table([50.0, 60.0])
    assert [row["cells"] for row in told["rows"]][:2] == [
        ["1", "60.0", "0.47", "-", "90.0 / 153.0", "16.0 / 27.2", "2,060.0 / 3,502.0", "0", "recorded"],
        ["2", "112.0", "0.87", "-", "100.0 / 170.0", "17.0 / 28.9", "2,120.0 / 3,604.0", "0", "recorded"],
    ]
    assert [row["cells"][0] for row in told["rows"]] == ["1", "2", "4", "8"]
    assert not any(row["bad"] for row in told["rows"])


def test_every_column_is_explained() -> None:
    told = table([60.0])
    assert {len(row["cells"]) for row in told["rows"]} == {len(told["heads"])}
    assert all(meaning for _, meaning in told["heads"])


def test_a_drop_stands_out_with_what_earlier_runs_had() -> None:
    (row, *_) = table([60.0] * 5 + [50.0])["rows"]
    assert row["bad"]
    assert row["cells"][-1] == "drop (60.0 ± 1.2)"
    (row, *_) = table([60.0] * 6)["rows"]
    assert (row["bad"], row["cells"][-1]) == (False, "ok (60.0 ± 1.2)")


def test_a_client_that_could_not_keep_up_stands_out() -> None:
    entries = json.loads(json.dumps(runs([60.0], client_limited=True)))
    (row, *_) = figures_table(Configuration(entries))["rows"]
    assert (row["bad"], row["cells"][-1]) == (True, "client limited")


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), "many", True])
def test_what_is_no_figure_is_a_dash(value: Any) -> None:
    told = first(request_throughput=value, failed=value, median_ttft_ms=value, p99_tpot_ms=value)
    assert (told["req/s"], told["failed"]) == ("-", "-")
    assert (told["TTFT ms"], told["TPOT ms"]) == ("- / 153.0", "16.0 / -")
    assert first(median_e2el_ms=value, p99_e2el_ms=value)["E2EL ms"] == "-"


def test_goodput_is_shown_where_there_is_one() -> None:
    assert first(request_goodput=0.456)["goodput"] == "0.46"


def test_a_run_that_nobody_judged_has_no_past() -> None:
    entries = json.loads(json.dumps(runs([60.0])))
    del entries[-1]["judgements"]
    assert figures_table(Configuration(entries))["rows"][0]["cells"][-1] == "-"
