"""The page as text. What a browser makes of it is tested in tests/browser."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.site_report import page as document
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.site_report.page import site_report

from tests.unit.plugins.plugin_utils.reporting.site_report.records import (
    CPU_MODEL,
    KEPT,
    MODEL,
    SUBJECT,
    TIME,
    check,
    history_text,
    proof_text,
    result,
    runs,
    unanswered,
)

FOLDER = Path(document.__file__).parent
ROOT = FOLDER.parents[3]
# A new release of the library changes these, and LICENSE.chart.js.md is to be looked at as well.
CHART_JS = "4.6.1"
CHART_JS_SHA256 = "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2"
LICENCE_SHA256 = "41a84aa2caba645f966a18d9c2056b73e6d3a81d80bc0046bc0011a2634d4cce"
SLOW = [60.0] * 5 + [50.0]


def scripts(page: str) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


def embedded(page: str) -> Any:
    (found,) = re.findall(r'<script type="application/json" id="charts">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def tiles(page: str) -> list[tuple[str, str]]:
    found = re.findall(r'<li class="(good|bad|plain)"><strong>(.*?)</strong> (.*?)</li>', page)
    return [(state, f"{head} {text}") for state, head, text in found]


def test_a_proof_and_a_history_make_one_page() -> None:
    page = site_report(proof_text(), history_text(runs([60.0])), "Home lab")
    assert page.startswith("<!DOCTYPE html>\n")
    assert "<title>Home lab</title>" in page and "<h1>Home lab</h1>" in page
    assert f"Proven {TIME}, mode ml" in page
    assert len(embedded(page)) == 5
    assert page.endswith("</html>\n")


def test_the_same_files_make_the_same_page() -> None:
    files = proof_text(), history_text(runs([60.0]))
    assert site_report(*files) == site_report(*files)


@pytest.mark.parametrize("history", ["", "\n", "no line of JSON\n", '{"points": []}\n'])
def test_without_any_record_there_is_no_page(history: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        site_report("", history)
    assert "there is neither a proof nor a benchmark" in str(raised.value)
    assert "playbooks/site.yml or playbooks/benchmark.yml" in str(raised.value)


def test_a_proof_of_another_version_is_refused() -> None:
    with pytest.raises(InvalidInput, match="this version cannot read the proof"):
        site_report('{"format": 2}', history_text(runs([60.0])))


def test_the_policy_names_every_script_and_style_of_the_page_and_nothing_else() -> None:
    page = site_report(proof_text(), "")
    (told,) = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', page)
    policy = dict(part.strip().split(" ", 1) for part in html.unescape(told).split(";"))
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)

    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert policy == {
        "default-src": "'none'",
        "script-src": " ".join(digest(script) for script in scripts(page)),
        "style-src": digest(style),
        "img-src": "data:",
    }
    assert len(scripts(page)) == 2
    # A rule that comes after what it shall rule out is none.
    assert page.index("Content-Security-Policy") < min(page.index("<style"), page.index("<script"))


def test_the_page_names_nothing_to_load() -> None:
    page = site_report(proof_text(), history_text(runs([60.0])))
    for script in scripts(page):
        page = page.replace(script, "")
    assert re.findall(r"""\b(?:src|href|action|srcset)=["']?([^"'\s>]+)""", page) == ["data:,"]
    assert not re.search(r"@import|url\(", page)


def test_texts_cannot_end_what_they_stand_in() -> None:
    curse = "</script><!-- <script>\" ' & {{ 7 * 7 }}"
    subject = replace(SUBJECT, gpu=curse, model=curse)
    proof = proof_text(result(check("chat", seen=curse), model=curse), image=curse)
    page = site_report(proof, history_text(runs([60.0], subject=subject)), curse)
    harmless = site_report(proof_text(), history_text(runs([60.0])))
    for mark in ("<script", "</script", "<!--", "<!DOCTYPE"):
        assert page.count(mark) == harmless.count(mark), mark
    assert embedded(page)[0]["series"][0]["label"].startswith(curse)
    assert html.escape("{{ 7 * 7 }}") in page and "49" not in embedded(page)[0]["series"][0]["label"]


def test_the_head_tells_what_was_kept_and_what_became_slower() -> None:
    broken = result(check("json", "failed"), model=CPU_MODEL)
    page = site_report(proof_text(KEPT, broken), history_text(runs(SLOW)))
    best = f"{50 * 8**0.9:,.1f}"
    assert tiles(page) == [
        ("bad", "1 of 2 contracts kept"),
        ("bad", f"{best} tokens/s at most, {MODEL}; slower than before at 4 of 4 loads"),
    ]
    page = site_report(proof_text(), history_text(runs([60.0])))
    assert [state for state, _ in tiles(page)] == ["good", "good"]


def test_the_head_does_not_praise_what_the_client_could_not_tell() -> None:
    page = site_report("", history_text(runs([60.0], loads=(1, 2), client_limited=True)))
    ((state, text),) = tiles(page)
    assert state == "plain"
    assert text.endswith("the client was too slow at 2 of 2 loads")


def test_a_model_that_never_answered_has_no_table_of_checks() -> None:
    page = site_report(proof_text(unanswered(said="no answer after 900 s")), "")
    assert '<p class="failure">no answer after 900 s</p>' in page
    assert '<table class="stack checks">' not in page
    assert tiles(page) == [("bad", "0 of 1 contracts kept")]


def test_only_a_required_check_that_failed_is_bad() -> None:
    checks = [
        check("chat"),
        check("json", "failed"),
        check("quality", "failed", required=False),
        check("tools", "not_applicable"),
    ]
    page = site_report(proof_text(result(*checks)), "")
    states = re.findall(r'<tr class="(\w+)">\s*<th scope="row">(\w+)</th>', page)
    assert states == [("good", "chat"), ("bad", "json"), ("plain", "quality"), ("plain", "tools")]


def test_figures_that_are_no_numbers_leave_the_page_whole() -> None:
    (entry,) = json.loads(json.dumps(runs([60.0])))
    entry["points"][0].update(median_ttft_ms=float("nan"), p99_e2el_ms=float("inf"))
    text = history_text([entry])
    assert "NaN" in text and "Infinity" in text
    drawn = embedded(site_report("", text))
    assert drawn[1]["series"][0]["values"][0] is None


def test_a_truncated_last_line_is_no_run() -> None:
    whole = history_text(runs([60.0, 61.0]))
    assert site_report("", whole + whole[:200]) == site_report("", whole)


def test_half_a_character_can_be_written() -> None:
    page = site_report(proof_text(result(check("chat", seen="cut \ud83d"))), "")
    assert "cut ?" in page.encode("utf-8").decode("utf-8")


def test_the_library_is_the_one_that_it_says() -> None:
    library = (FOLDER / "vendor" / "chart.umd.min.js").read_bytes()
    assert hashlib.sha256(library).hexdigest() == CHART_JS_SHA256
    assert library.decode("utf-8").splitlines()[1] == f" * Chart.js v{CHART_JS}"
    licence = (FOLDER / "vendor" / "LICENSE.chart.js.md").read_bytes()
    assert hashlib.sha256(licence).hexdigest() == LICENCE_SHA256
    assert licence.startswith(b"The MIT License (MIT)\n\nCopyright (c) ")


def test_the_guide_names_the_librarys_version() -> None:
    guide = (ROOT / "docs" / "report.md").read_text("utf-8")
    assert f"(https://www.chartjs.org) {CHART_JS} (MIT)" in guide


DRILL = {
    "format": 1,
    "time": TIME,
    "model": MODEL,
    "passed": False,
    "requests": 1000,
    "failures": 2,
    "problems": ["2 of 1000 requests failed <b>"],
    "stages": [
        {
            "stage": "without gpu",
            "requests": 500,
            "tiers": {"cpu": 249, "gpu": 1},
            "failed": 2,
            "cut_streams": 1,
            "refused": 0,
            "p50_s": 0.25,
            "p95_s": None,
        }
    ],
    "outages": [
        {
            "tier": "gpu",
            "way": "kill",
            "detection_s": 0.658,
            "first_extra_p95_s": 0.11,
            "steady_extra_p50_s": None,
            "return_s": 146.2,
        },
        {
            "tier": "gpu",
            "way": "slow",
            "effect_s": 4.321,
            "detection_s": None,
            "late_beyond_p95_s": 0.077,
            "first_extra_p95_s": None,
            "steady_extra_p50_s": None,
            "return_s": 5.5,
        },
    ],
}


def test_a_drill_is_shown_also_alone() -> None:
    page = site_report("", "", drill=json.dumps(DRILL))
    assert tiles(page) == [("bad", "2 of 1000 requests failed while tiers were taken away")]
    section = page.partition('<section id="drill">')[2].partition("</section>")[0]
    for words in (
        "not as promised",
        "failed &lt;b&gt;",
        "cpu 249, gpu 1",
        "without gpu",
        "0.658",
        "146.2",
        "4.321",
        "0.077",
    ):
        assert words in section
    assert "None" not in section
    passed = site_report(proof_text(), "", drill=json.dumps({**DRILL, "passed": True, "failures": 0}))
    assert ("good", "0 of 1000 requests failed while tiers were taken away") in tiles(passed)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2}'])
def test_a_drill_of_another_form_is_told(text: str) -> None:
    with pytest.raises(InvalidInput, match="this version cannot read the drill"):
        site_report("", "", drill=text)
