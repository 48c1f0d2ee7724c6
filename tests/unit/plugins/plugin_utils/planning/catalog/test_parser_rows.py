"""Which name of a parser, and which flag, belongs to a release."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog.parser_rows import (
    FlagSpan,
    Parser,
    name_on,
    read_flag,
    read_parser,
)
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.findings import Findings
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.tables import Table
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.versions import Release

from tests.unit.plugins.plugin_utils.planning.sites import option, plan

OLD, MIDDLE, NEW = Release(0, 7), Release(0, 8, 5), Release(0, 10)
H100 = [{"name": "w", "gpus": [{"gpu": "h100-80gb"}], "driver": "580.65.06"}]


@pytest.mark.parametrize(
    ("release", "name"),
    [(OLD, ""), (MIDDLE, "older"), (NEW, "newest"), (Release(1, 0), "newest"), (None, "newest")],
)
def test_an_older_parser_stands_in(release: Release | None, name: str) -> None:
    parsers = {"newest": Parser(NEW, "older"), "older": Parser(MIDDLE, "")}
    assert name_on(release, "newest", parsers) == name


def test_names_that_point_at_each_other_end() -> None:
    assert name_on(OLD, "a", {"a": Parser(NEW, "b"), "b": Parser(NEW, "a")}) == ""


def test_a_parser_that_nobody_described_is_taken_as_it_is() -> None:
    assert name_on(OLD, "of-my-own", {}) == "of-my-own"
    assert name_on(OLD, "ever", {"ever": Parser(None, "")}) == "ever"


@pytest.mark.parametrize(
    ("since", "until", "holds"),
    [
        (None, None, [True, True, True, True]),
        (MIDDLE, None, [False, True, True, True]),
        (None, MIDDLE, [True, True, False, False]),
        (MIDDLE, MIDDLE, [False, True, False, False]),
    ],
)
def test_spans_of_flags(since: Release | None, until: Release | None, holds: list[bool]) -> None:
    span = FlagSpan(since, until)
    assert [span.holds(release) for release in (OLD, MIDDLE, NEW, None)] == holds


@pytest.mark.parametrize(
    ("read", "row", "told"),
    [
        (read_parser, {"since": 0.9}, "x.since: must be text, but is the number 0.9"),
        (read_parser, {"since": "new"}, "x.since: must be a release such as"),
        (read_parser, {"until": "0.9.0"}, "x.until: is not a known key"),
        (read_flag, {"since": "0.7.1", "before": "y"}, "x.before: is not a known key"),
        (read_flag, {"until": "never"}, "x.until: must be a release such as"),
    ],
)
def test_rows_that_are_wrong_are_told(read: Any, row: dict[str, Any], told: str) -> None:
    findings = Findings()
    read(Table(row, "x", findings))
    (problem,) = findings.problems
    assert told in str(problem)


@pytest.mark.parametrize(
    ("version", "tools", "reasoning"),
    [("0.10.1", "", "GptOss"), ("0.10.2", "openai", "openai_gptoss"), ("0.30.0", "openai", "openai_gptoss")],
)
def test_gpt_oss_speaks_the_dialect_of_the_release(version: str, tools: str, reasoning: str) -> None:
    site = {"models": ["gpt-oss-120b"], "vllm_version": version, "hosts": H100, "allow_unknown": True}
    found = plan(site)
    words = found["vllm_models"][0]["arguments"]
    assert (option(words, "--tool-call-parser") if "--tool-call-parser" in words else "") == tools
    assert ("--enable-auto-tool-choice" in words) == bool(tools)
    assert option(words, "--reasoning-parser") == reasoning
    assert any("has no parser for the tool calls of gpt-oss-120b" in text for text in found["warnings"]) == (
        not tools
    )
