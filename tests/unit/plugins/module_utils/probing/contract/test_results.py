"""Evidence is short, on one line and without keys."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.module_utils.probing.contract.results import (
    about_quality,
    judged,
    not_applicable,
    quote,
)


def test_an_answer_as_evidence() -> None:
    assert quote("Hello,\n world") == "'Hello, world'"
    assert quote(" \n") == "nothing"
    assert len(quote("x" * 500)) < 90
    assert "abcdefgh" not in quote("my key is sk-abcdefgh1234")


def test_lines_of_a_table() -> None:
    assert judged("json", True, "JSON", "valid").line() == "passed         json             valid"
    failed = judged("json", False, "JSON", "prose")
    assert failed.line() == "failed         json             expected JSON; seen: prose"
    assert not_applicable("tools", "no tools").line() == "not applicable tools            no tools"
    (shown,) = about_quality([failed], ["json"], required=False)
    assert shown.line().startswith("failed (shown) json")


def test_only_what_is_required_breaks_a_contract() -> None:
    failed = judged("answer", False, "Paris", "Rome")
    assert failed.breaks
    (shown,) = about_quality([failed], ["answer"], required=False)
    assert shown.quality and not shown.breaks
    (other,) = about_quality([failed], ["json_answer"], required=False)
    assert other == failed
