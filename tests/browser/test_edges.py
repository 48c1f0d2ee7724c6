"""What the page says where something is missing."""

from __future__ import annotations

import json

from tests.browser.cases import CASES
from tests.browser.conftest import Show
from tests.unit.plugins.plugin_utils.reporting.site_report.records import MODEL, history_text, runs


def words(show: Show, case: str) -> str:
    return str(show(*CASES[case]()).run("return document.body.innerText"))


def test_a_site_that_was_only_proven_says_so(show: Show) -> None:
    shown = words(show, "only a proof")
    assert "Not measured yet: ansible-playbook playbooks/benchmark.yml" in shown
    assert "1 of 2" in shown and "Not proven yet" not in shown


def test_a_site_that_was_only_measured_says_so(show: Show) -> None:
    shown = words(show, "only a history")
    assert "Not proven yet: ansible-playbook playbooks/site.yml --tags prove" in shown
    assert "Who answers" not in shown and "Not measured yet" not in shown


def test_a_silent_model_breaks_its_contract_and_says_why(show: Show) -> None:
    page = show(*CASES["a silent model"]())
    assert page.texts(".failure") == ["no answer after 900 s"]
    assert page.texts("#contracts h3") == [f"{MODEL} broken tier unknown"]
    assert page.texts("#summary li.bad") == ["0 of 1 contracts kept"]


def test_one_load_is_a_point(show: Show) -> None:
    page = show(*CASES["one run with one load"]())
    assert [plot["labels"] for plot in page.look()["plots"]] == [["1"]] * 4 + [["2026-01-01 12:00"]]
    assert "1 run, the last 2026-01-01T12:00:00Z" in page.texts("section.model > .aside")[0]


def test_figures_that_are_null_are_dashes(show: Show) -> None:
    page = show(*CASES["figures that are null"]())
    rows = [page.texts(f".figures tbody tr:nth-child({place}) > *") for place in (1, 2)]
    assert (rows[0][4], rows[0][7]) == ("-", "-")
    assert (rows[1][4], rows[1][7]) == ("100.0 / 170.0", "0")


def test_a_run_that_brought_nothing_is_not_the_last_one(show: Show) -> None:
    page = show(*CASES["loads that brought nothing"]())
    assert page.texts(".figures tbody th") == ["2", "8"]
    assert "1 run," in page.texts("section.model > .aside")[0]


def test_a_truncated_last_line_is_no_run(show: Show) -> None:
    page = show(*CASES["a truncated last line"]())
    assert "3 runs, the last 2026-01-03T12:00:00Z" in page.texts("section.model > .aside")[0]


def test_a_line_with_hardly_anything_is_shown_all_the_same(show: Show) -> None:
    page = show("", json.dumps({"points": [{"output_throughput": 12.5}], "workload": {"input_tokens": 7}}))
    assert "1 run, the last undated" in page.texts("section.model > .aside")[0]
    assert page.texts("caption") == ["Last run, prompts of 7 tokens, answers of ?"]
    assert page.texts(".figures tbody td")[0] == "12.5"


def test_models_stand_by_their_names(show: Show) -> None:
    entries = json.loads(json.dumps([*runs([60.0]), *runs([70.0])]))
    entries[1].update(model="Another/Model", key="another")
    page = show("", history_text(entries))
    assert page.texts("section.model > h2") == ["Another/Model", MODEL]
    assert len(page.look()["plots"]) == 10
