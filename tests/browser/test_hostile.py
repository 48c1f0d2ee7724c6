"""Texts of models and of people's files are shown as they are, and run nothing."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.browser.cases import CURSE, HOSTILE, SLOW, Records, hostile
from tests.browser.chromium import DESKTOP, PHONE, View
from tests.browser.conftest import Show
from tests.browser.sound import assert_sound
from tests.unit.plugins.plugin_utils.reporting.site_report.records import (
    CLOUD_MODEL,
    check,
    history_text,
    proof_text,
    result,
    runs,
    unanswered,
)

SHOWN = " ".join(CURSE.split())
TAGS = "return [...document.querySelectorAll('*')].map((element) => element.localName)"


def harmless() -> Records:
    """The same site in other words."""
    row = {
        "model_name": CLOUD_MODEL,
        "litellm_params": {"api_base": "http://engine"},
        "model_info": {"tier": "cloud"},
    }
    proof = proof_text(
        result(check("chat"), check("json", "failed")),
        unanswered(),
        litellm_models=[row],
        litellm_fallbacks=[],
        litellm_aliases={"alias": CLOUD_MODEL},
    )
    return Records(proof, history_text(runs(SLOW)))


@pytest.mark.parametrize("view", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_hostile_texts_are_texts(show: Show, view: View) -> None:
    page = show(*hostile(), view=view, title=CURSE)
    seen = assert_sound(page)
    assert page.run("return window.hostile") is None
    assert page.run("return document.images.length") == 0

    for selector in ("title", "h1", "header code", ".routes h3", ".failure", "section.model > h2"):
        assert page.texts(selector) == [SHOWN], selector
    assert page.texts(".tier") == [HOSTILE[2]]
    assert page.texts(".routes .aside") == [f"also {SHOWN}"]
    assert page.texts(".routes code") == [f"http://{SHOWN}"]
    assert page.texts(".checks [data-label=seen]") == [SHOWN, SHOWN]
    assert page.texts(".checks [data-label=promised]")[0] == SHOWN
    assert page.texts("#contracts h3")[0].startswith(SHOWN)

    (throughput,) = (plot for plot in seen["plots"] if plot["title"] == "Throughput")
    image = CURSE.rpartition("/")[2]
    assert [row["label"] for row in throughput["series"]] == [f"{CURSE}, {image}"]
    names = page.run("return [...document.querySelectorAll('canvas')].map((each) => each.ariaLabel)")
    assert all(f" of {CURSE};" in name for name in names)


def test_hostile_texts_make_no_elements(show: Show) -> None:
    there = Counter(show(*harmless()).run(TAGS))
    assert there["script"] == 3
    assert Counter(show(*hostile(), title=CURSE).run(TAGS)) == there


def test_hostile_texts_run_nothing_when_a_person_touches_them(show: Show) -> None:
    page = show(*hostile())
    for kind in ("throughput", "history"):
        page.click(f"[data-kind={kind}] .legend button")
        page.click(f"[data-kind={kind}] canvas")
    assert_sound(page)
    assert page.run("return window.hostile") is None


def test_half_a_character_does_not_stop_the_page(show: Show) -> None:
    page = show(proof_text(result(check("chat", seen="cut \ud83d"))), "")
    assert page.texts(".checks [data-label=seen]") == ["cut ?"]
