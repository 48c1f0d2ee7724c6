"""What holds for every page."""

from __future__ import annotations

from typing import Any

from tests.browser.chromium import Browser

SCROLLBAR = 15
LEAST_PIXELS = 12
"""Of a line's colour: a single point of it is larger."""


def assert_sound(page: Browser) -> dict[str, Any]:
    """The page is quiet, fits, can be read, and its plots are drawn. Returns what was seen of it."""
    assert page.complaints() == []
    assert page.foreign_requests() == []
    seen = page.look()
    assert 0 <= page.view.width - seen["width"] <= SCROLLBAR
    assert seen["scrolls"] <= seen["width"]
    assert seen["outside"] == []
    assert seen["small"] == []
    for plot in seen["plots"]:
        assert_drawn(plot)
    return seen


def assert_drawn(plot: dict[str, Any]) -> None:
    """A plot has its frame, letters that can be read, and every line of it in its colour."""
    title, colours = plot["title"], plot["colours"]
    assert len(colours) > 1, title
    assert plot["inside"] and plot["sharp"] and plot["roomy"], plot
    assert plot["font"] >= 11, title
    told = [series for series in plot["series"] if not series["dashed"]]
    assert told, title
    assert plot["legend"] == [series["label"] for series in told], title
    for series in told:
        if series["visible"] and any(value is not None for value in series["values"]):
            assert colours.get(series["colour"], 0) >= LEAST_PIXELS, (title, series["label"], colours)
