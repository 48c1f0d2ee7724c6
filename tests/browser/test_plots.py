"""What the plots show is what the history holds."""

from __future__ import annotations

import json
from typing import Any

from tests.browser.cases import SLOW, configurations, no_numbers, open_loop, usual
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Show
from tests.browser.sound import assert_sound
from tests.unit.plugins.plugin_utils.reporting.site_report.records import (
    GPU,
    LOADS,
    history_text,
    moment,
    runs,
    steady,
)

NEW, OLD = f"{GPU}, vllm-openai:v0.8.5.post1", f"{GPU}, vllm-openai:v0.8.4"
LATENCIES = {
    "Time to first token (TTFT)": "ttft",
    "Time per output token after the first (TPOT)": "tpot",
    "Whole answer (E2EL)": "e2el",
}


def plots(seen: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {plot["title"]: plot for plot in seen["plots"]}


def lines(plot: dict[str, Any], dashed: bool = False) -> dict[str, list[float | None]]:
    return {row["label"]: row["values"] for row in plot["series"] if row["dashed"] is dashed}


def test_every_plot_shows_the_figures_of_the_history(show: Show) -> None:
    records = usual()
    entries = [json.loads(line) for line in records.history.splitlines()]
    shown = plots(assert_sound(show(*records)))
    assert list(shown) == ["Throughput", *LATENCIES, "History"]

    assert shown["Throughput"]["labels"] == ["1", "2", "4", "8"]
    assert lines(shown["Throughput"]) == {
        label: [point["output_throughput"] for point in entry["points"]]
        for label, entry in ((NEW, entries[-1]), (OLD, entries[4]))
    }
    for title, name in LATENCIES.items():
        assert lines(shown[title]) == {
            word: [point[f"{word}_{name}_ms"] for point in entries[-1]["points"]]
            for word in ("median", "p90", "p95", "p99")
        }

    history, same = shown["History"], entries[5:]
    assert history["labels"] == [moment(day)[:16].replace("T", " ") for day in range(len(SLOW))]
    assert lines(history) == {
        f"{load} at once": [entry["points"][place]["output_throughput"] for entry in same]
        for place, load in enumerate(LOADS)
    }
    bounds = lines(history, dashed=True)
    assert list(bounds) == [f"drop below, {load} at once" for load in LOADS]
    for place, values in enumerate(bounds.values()):
        judged = [entry["judgements"][place] for entry in same]
        assert values[:5] == [None] * 5
        assert values[5:] == [round(row["median"] - row["noise"], 4) for row in judged[5:]]


def test_a_drop_stands_out(show: Show) -> None:
    page = show(*usual())
    history = plots(page.look())["History"]
    assert [row["marks"] for row in history["series"] if not row["dashed"]] == [[12]] * 4
    bad = page.run("return getComputedStyle(document.documentElement).getPropertyValue('--bad').trim()")
    assert history["colours"][bad] > 50
    assert bad not in plots(page.look())["Throughput"]["colours"]


def test_the_last_hundred_runs_are_drawn(show: Show) -> None:
    speeds = steady(150)
    page = show("", history_text(runs(speeds, loads=(1,))))
    history = plots(page.look())["History"]
    assert lines(history)["1 at once"] == speeds[50:]
    assert history["labels"][0] == moment(50)[:16].replace("T", " ")
    assert "150 runs" in page.texts("section.model > .aside")[0]


def test_six_configurations_have_six_colours(show: Show) -> None:
    page = show("", history_text(configurations(8)))
    drawn = plots(page.look())["Throughput"]
    assert [row["label"] for row in drawn["series"]] == [
        f"{GPU}, vllm-openai:v0.{minor}.0" for minor in (7, 6, 5, 4, 3, 2)
    ]
    assert len({row["colour"] for row in drawn["series"]}) == 6
    assert "with 7 other configurations" in page.texts("section.model > .aside")[0]


def test_an_open_loop_stands_beside_the_closed_one(show: Show) -> None:
    page = show(*open_loop())
    drawn = plots(page.look())
    assert drawn["Throughput"]["labels"] == ["1", "2", "0.5 req/s", "4 req/s"]
    assert list(lines(drawn["History"])) == ["1 at once", "2 at once", "0.5 req/s", "4 req/s"]
    assert page.texts(".figures tbody th") == ["1", "2", "0.5 req/s", "4 req/s"]


def test_what_is_no_number_is_left_out(show: Show) -> None:
    page = show(*no_numbers())
    drawn = plots(page.look())
    slowest = lines(drawn["Time to first token (TTFT)"])["p99"]
    middle = lines(drawn["Time per output token after the first (TPOT)"])["median"]
    for values in (slowest, middle):
        assert [value is None for value in values] == [True, False, True, False]
    first = page.texts(".figures tbody tr:first-child > *")
    assert first[2] == "-" and first[4] == "90.0 / -" and first[5] == "- / 27.2" and first[7] == "-"


def test_a_line_can_be_put_aside(show: Show) -> None:
    page = show(*usual())
    before = plots(page.look())["History"]
    page.click("[data-kind=history] .legend li:nth-child(2) button")
    after = plots(assert_sound(page))["History"]
    hidden = [row["label"] for row in after["series"] if not row["visible"]]
    assert hidden == ["2 at once", "drop below, 2 at once"]
    colour = before["series"][2]["colour"]
    assert colour in before["colours"] and colour not in after["colours"]
    page.click("[data-kind=history] .legend li:nth-child(2) button")
    assert plots(page.look())["History"]["colours"] == before["colours"]


def test_a_page_that_is_turned_is_drawn_anew(show: Show) -> None:
    page = show(*usual(), view=DESKTOP)
    for view in (PHONE, DESKTOP, PHONE):
        page.look_with(view)
        page.settle()
        assert_sound(page)
