"""The page in the dark, on paper, and where scripts are off."""

from __future__ import annotations

import json

import pytest

from tests.browser.cases import CASES, usual
from tests.browser.chromium import DESKTOP, PHONE, View
from tests.browser.conftest import Show
from tests.browser.sound import assert_sound
from tests.unit.plugins.plugin_utils.reporting.site_report.records import LOADS

# Of the first four lines; no plot of the usual site has more.
LIGHT = {"#0072b2", "#d55e00", "#009e73", "#cc79a7"}
DARK = {"#56b4e9", "#f28e4b", "#2fc79a", "#e3a5c7"}
A4 = View(718, 1000)
"""Less its margins."""
VIEWS = pytest.mark.parametrize("view", [PHONE, DESKTOP], ids=["phone", "desktop"])


@VIEWS
def test_lines_follow_the_colour_scheme(show: Show, view: View) -> None:
    page = show(*usual(), view=view)
    for scheme, drawn, other in (("light", LIGHT, DARK), ("dark", DARK, LIGHT), ("light", LIGHT, DARK)):
        page.prefer(prefers_color_scheme=scheme)
        page.settle()
        for plot in assert_sound(page)["plots"]:
            assert {row["colour"] for row in plot["series"]} <= drawn
            assert not other & set(plot["colours"])
        paper = page.run("return getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


@VIEWS
def test_a_page_opened_in_the_dark_is_dark(show: Show, view: View) -> None:
    page = show(*usual(), view=view, prefers_color_scheme="dark")
    for plot in assert_sound(page)["plots"]:
        assert {row["colour"] for row in plot["series"]} <= DARK


@pytest.mark.parametrize("case", ["only a proof", "150 runs", "8 configurations", "long names"])
def test_paper_has_room_for_everything(show: Show, case: str) -> None:
    assert_sound(show(*CASES[case](), view=A4, medium="print"))


def test_dark_plots_are_drawn_for_white_paper(show: Show) -> None:
    page = show(*usual(), view=A4, medium="print", prefers_color_scheme="dark")
    for plot in assert_sound(page)["plots"]:
        assert {row["colour"] for row in plot["series"]} <= LIGHT
    assert page.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@VIEWS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_shows_every_line(show: Show, view: View, scheme: str) -> None:
    page = show(*usual(), view=view, prefers_color_scheme=scheme)
    entries = usual().history.count("\n") - 5
    drawn = page.print_lines()
    # Every load of the last run in the plots of its latencies, and every run in that of the history.
    least = 3 * (len(LOADS) - 1) + entries - 1
    assert {colour for colour in LIGHT if drawn[colour] >= least} == LIGHT
    assert not DARK & drawn.keys()
    page.settle()
    assert_sound(page)


def test_paper_shrinks_nothing(show: Show) -> None:
    page = show(*usual(), view=DESKTOP)
    page.run("""
      matchMedia("print").addEventListener("change", (event) => {
        if (event.matches) {
          window.paper = document.documentElement.getBoundingClientRect().width;
        }
      });
    """)
    page.print_lines()
    # A letter is 816 wide, less its margins. What does not fit would make this more, and everything smaller.
    assert page.run("return window.paper") < 750


def test_paper_has_the_key_to_the_lines(show: Show) -> None:
    page = show(*usual())
    script = "return getComputedStyle(document.querySelector('.legend button'), '::before').printColorAdjust"
    assert page.run(script) == "exact"


@VIEWS
def test_without_scripts_the_tables_hold_the_figures(show: Show, view: View) -> None:
    records = usual()
    page = show(*records, view=view, scripts=False)
    assert page.run("return typeof Chart") == "undefined"
    assert page.texts("noscript p") == [
        "Without scripts there are no plots; the table holds the figures of the last run."
    ]
    points = json.loads(records.history.splitlines()[-1])["points"]
    rows = page.texts(".figures tbody tr")
    assert len(rows) == len(points)
    for point, row in zip(points, rows, strict=True):
        first = [
            *(str(point["max_concurrency"]), f"{point['output_throughput']:,.1f}"),
            *(f"{point['request_throughput']:,.2f}", "-"),
        ]
        pairs = [
            f"{point[f'median_{name}_ms']:,.1f} / {point[f'p99_{name}_ms']:,.1f}"
            for name in ("ttft", "tpot", "e2el")
        ]
        assert row.startswith(" ".join([*first, *pairs, "0"])), row
    assert page.texts(".checks tbody tr td:last-child")
    seen = page.look()
    assert seen["scrolls"] <= seen["width"] and seen["outside"] == [] and seen["small"] == []
