"""What is drawn of a model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.reporting.site_report.charts import (
    history,
    latencies,
    throughput,
)
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.site_report.runs import (
    Configuration,
    Measured,
    sort_runs,
)

from tests.unit.plugins.plugin_utils.reporting.site_report.records import (
    GPU,
    LOADS,
    SUBJECT,
    figures,
    runs,
    steady,
)


def measured(entries: Sequence[Any]) -> Measured:
    (model,) = sort_runs(entries)
    return model


def newest(entries: Sequence[Any]) -> Configuration:
    return measured(entries).configurations[0]


def test_throughput_is_that_of_the_last_runs_side_by_side() -> None:
    older = runs([50.0], loads=(1, 16), subject=replace(SUBJECT, image="vllm/vllm-openai:v0.8.4"))
    chart = throughput(measured([*older, *runs([59.0, 60.0])]))
    assert (chart["title"], chart["x"], chart["y"]) == ("Throughput", "users at once", "output tokens/s")
    assert chart["labels"] == ["1", "2", "4", "8", "16"]
    assert chart["series"] == [
        {
            "label": f"{GPU}, vllm-openai:v0.8.5.post1",
            "values": [*(round(60 * load**0.9, 4) for load in LOADS), None],
            "dashed": False,
            "marks": [],
        },
        {
            "label": f"{GPU}, vllm-openai:v0.8.4",
            "values": [50.0, None, None, None, round(50 * 16**0.9, 4)],
            "dashed": False,
            "marks": [],
        },
    ]


def test_no_more_than_six_configurations_are_drawn_the_newest_of_them() -> None:
    entries = [
        entry
        for minor in range(8)
        for entry in runs([60.0], subject=replace(SUBJECT, image=f"vllm/vllm-openai:v0.{minor}.0"))
    ]
    drawn = [series["label"] for series in throughput(measured(entries))["series"]]
    assert drawn == [f"{GPU}, vllm-openai:v0.{minor}.0" for minor in (7, 6, 5, 4, 3, 2)]


def test_latencies_are_percentiles_of_the_last_run() -> None:
    charts = latencies(newest(runs([50.0, 60.0])))
    assert [chart["title"] for chart in charts] == [
        "Time to first token (TTFT)",
        "Time per output token after the first (TPOT)",
        "Whole answer (E2EL)",
    ]
    assert {chart["y"] for chart in charts} == {"milliseconds"}
    assert [series["label"] for series in charts[0]["series"]] == ["median", "p90", "p95", "p99"]
    assert [series["values"] for series in charts[0]["series"]] == [
        [90.0, 100.0, 120.0, 160.0],
        [108.0, 120.0, 144.0, 192.0],
        [121.5, 135.0, 162.0, 216.0],
        [153.0, 170.0, 204.0, 272.0],
    ]


def test_latencies_that_were_not_measured_are_not_drawn() -> None:
    (entry,) = json.loads(json.dumps(runs([60.0])))
    for point in entry["points"]:
        for word in ("median", "p90", "p95", "p99"):
            point[f"{word}_tpot_ms"] = None
        point["p90_ttft_ms"] = float("nan")
        del point["p95_ttft_ms"]
    charts = latencies(newest([entry]))
    assert [chart["title"].partition(" (")[0] for chart in charts] == ["Time to first token", "Whole answer"]
    assert [series["label"] for series in charts[0]["series"]] == ["median", "p99"]


def test_the_history_marks_drops_and_shows_what_would_have_been_one() -> None:
    chart = history(newest(runs([60.0] * 5 + [50.0, 61.0], loads=(1, 2))))
    assert (chart["title"], chart["x"]) == ("History", "run")
    assert chart["labels"] == [f"2026-01-0{day} 12:00" for day in range(1, 8)]
    one, bound, two, _ = chart["series"]
    assert (one["label"], bound["label"]) == ("1 at once", "drop below, 1 at once")
    assert two["label"] == "2 at once"
    assert one["values"] == [60.0] * 5 + [50.0, 61.0]
    assert (one["marks"], two["marks"], bound["marks"]) == ([5], [5], [])
    assert (one["dashed"], bound["dashed"]) == (False, True)
    # Five equal runs: the least noise is two percent.
    assert bound["values"] == [None] * 5 + [58.8, 58.8]


def test_without_enough_runs_there_is_no_bound() -> None:
    chart = history(newest(runs([60.0] * 3)))
    assert [series["dashed"] for series in chart["series"]] == [False] * 4


def test_a_load_that_a_run_left_out_is_a_gap() -> None:
    entries = [*runs([60.0], loads=(1, 2)), *runs([61.0], loads=(2,))]
    one, two = history(newest(entries))["series"]
    assert one["values"] == [60.0, None]
    assert None not in two["values"]


def test_the_history_ends_with_the_last_hundred_runs() -> None:
    speeds = steady(150)
    chart = history(newest(runs(speeds, loads=(1,))))
    assert len(chart["labels"]) == 100
    assert chart["series"][0]["values"] == speeds[50:]


def test_open_loops_are_named_by_their_rate() -> None:
    (entry,) = json.loads(json.dumps(runs([60.0], loads=(1,))))
    entry["points"].append(figures(90.0, 16, request_rate=4.0))
    assert throughput(measured([entry]))["labels"] == ["1", "4 req/s"]
    assert [series["label"] for series in history(newest([entry]))["series"]] == ["1 at once", "4 req/s"]


def test_a_run_without_judgements_or_time_is_drawn() -> None:
    chart = history(newest([{"points": [{"output_throughput": 1.0, "max_concurrency": 1}]}]))
    assert chart["labels"] == [""]
    assert [series["values"] for series in chart["series"]] == [[1.0]]
