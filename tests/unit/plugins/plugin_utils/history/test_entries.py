"""Runs compare when everything is the same that decides about speed, and only then."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.history.entries import (
    Subject,
    comparable,
    make_entry,
)

from tests.unit.plugins.plugin_utils.history.runs import SUBJECT, TIME, point, run


def test_the_same_run_has_the_same_key() -> None:
    assert run(point(60))["key"] == run(point(55, 4), point(99, 8))["key"]
    assert run(point(60))["key"] == run(point(60), subject=replace(SUBJECT, context={"driver": "570"}))["key"]


@pytest.mark.parametrize(
    "subject",
    [
        replace(SUBJECT, gpu="l4"),
        replace(SUBJECT, image="vllm/vllm-openai:v0.9.0"),
        replace(SUBJECT, model="other"),
        replace(SUBJECT, arguments=["--max-model-len", "4096"]),
    ],
)
def test_another_subject_has_another_key(subject: Subject) -> None:
    assert run(point(60), subject=subject)["key"] != run(point(60))["key"]


@pytest.mark.parametrize("more", [{"client_version": "2"}, {"input_tokens": 512}, {"ignore_eos": False}])
def test_another_question_has_another_key(more: dict[str, Any]) -> None:
    assert run(point(60, **more))["key"] != run(point(60))["key"]


def test_a_run_is_one_line_of_json() -> None:
    entry = run(point(60), point(110, 4))
    assert json.loads(json.dumps(entry)) == entry
    assert entry["arguments"] == ["--enforce-eager"]
    assert entry["workload"]["output_tokens"] == 128
    assert [row["output_throughput"] for row in entry["points"]] == [60, 110]


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ([], "points is empty"),
        ([{"msg": "skipped"}], r"points\[0\] has no figures"),
        ([point(1), None], r"points\[1\] has no figures"),
        ([{**point(1), "output_throughput": "60"}], r"has no figures: output_throughput is '60'"),
        ([point(1), point(1, input_tokens=5)], "different workloads"),
    ],
)
def test_points_that_are_none_are_refused(points: list[Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        make_entry(SUBJECT, points, TIME)


def test_other_runs_and_those_before_an_accepted_one_do_not_count() -> None:
    old, accepted, new = run(point(60)), {**run(point(40)), "accepted": True}, run(point(41))
    other = run(point(60), subject=replace(SUBJECT, gpu="l4"))
    assert comparable(run(point(42)), [old, accepted, other, new]) == [accepted, new]
    assert comparable(run(point(42)), [old, other]) == [old]
