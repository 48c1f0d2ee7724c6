"""Figures keep vLLM's definitions; each is checked against numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.figures import (
    details,
    figures,
    percentile,
    spread_of,
)
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.recording import Measured

MS = 1_000_000
START = 7_000 * MS


def answer(
    index: int = 0, sent: int = 0, tokens: tuple[int, ...] = (100, 120, 140), **other: Any
) -> Measured:
    """Times in milliseconds after the start of the run."""
    stamps = [START + moment * MS for moment in tokens]
    told: dict[str, Any] = {
        "index": index,
        "sent_ns": START + sent * MS,
        "head_ns": START + (sent + 5) * MS,
        "end_ns": stamps[-1] + 10 * MS if stamps else START,
        "visible_ns": stamps[0] if stamps else 0,
        "token_ns": stamps,
        "prompt_tokens": 10,
        "output_tokens": len(tokens),
        "tier": "gpu",
    }
    return Measured(**{**told, **other})


def test_percentiles_are_those_of_numpy() -> None:
    # numpy.percentile([1, 2, 3, 4, 10], [0, 25, 50, 90, 99, 100])
    values = [1.0, 2.0, 3.0, 4.0, 10.0]
    found = [percentile(values, percent) for percent in (0, 25, 50, 90, 99, 100)]
    assert found == pytest.approx([1.0, 2.0, 3.0, 7.6, 9.76, 10.0])


def test_deviation_is_that_of_the_population() -> None:
    assert spread_of("x", [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])["std_x_ms"] == 2.0


def test_nothing_measured_is_null() -> None:
    assert set(spread_of("x", []).values()) == {None}


def test_times_of_one_answer() -> None:
    found = figures([answer(sent=20)], START, {})
    expected = {"ttft": 80, "ttfot": 80, "first_byte": 5, "e2el": 120, "tpot": 20, "itl": 20, "icl": 20}
    assert {name: found[f"median_{name}_ms"] for name in expected} == expected


def test_thinking_delays_what_is_visible() -> None:
    found = figures([answer(visible_ns=START + 120 * MS)], START, {})
    assert (found["median_ttft_ms"], found["median_ttfot_ms"]) == (100, 120)


def test_throughput_is_over_the_whole_run() -> None:
    found = figures([answer(0), answer(1, 100, (200, 490))], START, {})
    assert found["duration"] == 0.5
    assert found["request_throughput"] == 4
    assert found["output_throughput"] == 10
    assert found["total_token_throughput"] == 50
    assert (found["total_input_tokens"], found["total_output_tokens"]) == (20, 5)


def test_gaps_between_tokens_are_unknown_where_chunks_hold_more() -> None:
    found = figures([answer(output_tokens=9)], START, {})
    assert found["tokens_per_chunk"] == 3
    assert found["median_itl_ms"] is None
    assert found["median_icl_ms"] == 20
    assert found["median_tpot_ms"] == 5


def test_one_token_has_no_time_per_token() -> None:
    found = figures([answer(tokens=(100,))], START, {"tpot": 1})
    assert found["median_tpot_ms"] is None
    assert found["request_goodput"] == found["request_throughput"]


def test_goodput_counts_what_met_every_limit() -> None:
    measured = [answer(0), answer(1, 0, (300, 320, 340)), answer(2, 0, (90, 190, 490))]
    found = figures(measured, START, {"ttft": 100, "tpot": 50})
    assert found["request_goodput"] == pytest.approx(1 / 0.5)
    assert figures(measured, START, {})["request_goodput"] is None


def test_failures_are_counted_and_measured_nowhere() -> None:
    broken = [answer(place, 0, (), error="HTTP 500", end_ns=START + 990 * MS) for place in (1, 2)]
    found = figures([answer(0), *broken], START, {})
    assert (found["completed"], found["failed"]) == (1, 2)
    assert found["errors"] == [{"message": "HTTP 500", "count": 2}]
    assert found["median_ttft_ms"] == 100
    assert found["duration"] == 0.99


def test_an_open_loop_counts_from_when_a_request_was_due() -> None:
    found = figures([answer(sent=50, scheduled_ns=START + 30 * MS)], START, {})
    assert (found["median_ttft_ms"], found["median_e2el_ms"]) == (70, 110)


def test_an_empty_run_divides_by_nothing() -> None:
    assert figures([], START, {})["output_throughput"] == 0


def test_details_keep_the_order_and_the_failures() -> None:
    found = details([answer(0), answer(1, 0, (), error="HTTP 500")], START)
    assert found["ttfts"] == [0.1, None]
    assert found["itls"] == [[0.02, 0.02], []]
    assert found["errors"] == ["", "HTTP 500"]
