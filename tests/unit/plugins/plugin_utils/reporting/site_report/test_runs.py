"""Runs sorted by model, then by what was measured."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.site_report.runs import (
    judgement_of,
    load_name,
    load_order,
    number,
    points_of,
    sort_runs,
)

from tests.unit.plugins.plugin_utils.reporting.site_report.records import (
    GPU,
    MODEL,
    SUBJECT,
    figures,
    runs,
)


@pytest.mark.parametrize(("value", "told"), [(0, 0.0), (3, 3.0), (-1.5, -1.5)])
def test_a_figure_is_a_number(value: float, told: float) -> None:
    assert number(value) == told
    assert isinstance(number(value), float)


@pytest.mark.parametrize("value", [None, True, "7", [], {}, math.nan, math.inf, -math.inf])
def test_whatever_cannot_be_drawn_is_none(value: Any) -> None:
    assert number(value) is None


@pytest.mark.parametrize(
    ("point", "name"),
    [
        ({"max_concurrency": 8, "request_rate": "inf"}, "8"),
        ({"max_concurrency": 8}, "8"),
        ({"max_concurrency": 8, "request_rate": math.inf}, "8"),
        ({"max_concurrency": 16, "request_rate": 4.0}, "4 req/s"),
        ({"max_concurrency": 16, "request_rate": 0.25}, "0.25 req/s"),
        ({}, "0"),
    ],
)
def test_a_load_has_a_name(point: dict[str, Any], name: str) -> None:
    assert load_name(point) == name


def test_closed_loops_come_before_open_ones() -> None:
    loads: list[dict[str, Any]] = [{"max_concurrency": 1, "request_rate": rate} for rate in (4.0, 0.5)]
    loads += [{"max_concurrency": users, "request_rate": "inf"} for users in (16, 2)]
    ordered = [load_name(point) for point in sorted(loads, key=load_order)]
    assert ordered == ["2", "16", "0.5 req/s", "4 req/s"]


def test_points_without_a_throughput_are_left_out() -> None:
    points = [figures(5.0, 8), figures(math.nan, 4), "no point", figures(2.0, 2), {"max_concurrency": 1}]
    assert [point["max_concurrency"] for point in points_of({"points": points})] == [2, 8]


def test_a_judgement_is_that_of_the_same_load() -> None:
    judged = [
        {"max_concurrency": 16, "request_rate": 2.0, "verdict": "open"},
        None,
        {"max_concurrency": 2, "request_rate": "inf", "verdict": "closed"},
    ]
    run = {"points": [], "judgements": judged}
    assert judgement_of(run, figures(1.0, 2)) == judged[2]
    assert judgement_of(run, figures(1.0, 16, request_rate=2.0)) == judged[0]
    assert judgement_of(run, figures(1.0, 4)) == {}
    assert judgement_of({"points": []}, figures(1.0, 2)) == {}


def test_models_are_sorted_by_name_and_runs_stay_in_their_order() -> None:
    others = runs([70.0], subject=replace(SUBJECT, model="another/model"))
    measured = sort_runs([*runs([50.0]), *others, *runs([51.0, 52.0])])
    assert [model.model for model in measured] == [MODEL, "another/model"]
    (configuration,) = measured[0].configurations
    speeds = [points_of(run)[0]["output_throughput"] for run in configuration.runs]
    assert speeds == [50.0, 51.0, 52.0]
    assert configuration.latest is configuration.runs[-1]
    assert [point["max_concurrency"] for point in configuration.points] == [1, 2, 4, 8]


def test_what_was_measured_last_comes_first() -> None:
    old, new = (replace(SUBJECT, image=f"vllm/vllm-openai:v0.{minor}.0") for minor in (8, 9))
    measured = sort_runs([*runs([1.0], subject=new), *runs([2.0], subject=old), *runs([3.0], subject=new)])
    (model,) = measured
    assert [configuration.latest["image"] for configuration in model.configurations] == [new.image, old.image]
    assert [len(configuration.runs) for configuration in model.configurations] == [2, 1]


def test_runs_without_a_figure_are_left_out() -> None:
    assert sort_runs([{"points": []}, {"points": [{"output_throughput": None}]}]) == []


def labels(*entries: Any) -> list[str]:
    (model,) = sort_runs(entries)
    return [model.label(configuration) for configuration in model.configurations]


def test_a_label_names_gpu_and_image() -> None:
    assert labels(*runs([60.0])) == [f"{GPU}, vllm-openai:v0.8.5.post1"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"input_tokens": 1024}, ["1024 + 128 tokens", "128 + 128 tokens"]),
        ({"client_version": "2"}, ["client 2", "client 1"]),
    ],
)
def test_a_label_names_what_differs(change: dict[str, Any], told: list[str]) -> None:
    (first,), (other,) = runs([60.0]), runs([60.0], **change)
    assert labels(first, other) == [f"{GPU}, vllm-openai:v0.8.5.post1, {words}" for words in told]


def test_a_label_tells_arguments_by_their_digest() -> None:
    (first,) = runs([60.0])
    (other,) = runs([60.0], subject=replace(SUBJECT, arguments=["--enforce-eager", "--x"]))
    assert labels(first, other) == [
        f"{GPU}, vllm-openai:v0.8.5.post1, arguments {run['arguments_hash'][:6]}" for run in (other, first)
    ]


def test_what_differs_beside_another_image_is_left_out() -> None:
    (first,) = runs([60.0])
    (other,) = runs([60.0], subject=replace(SUBJECT, image="vllm/vllm-openai:v0.8.4", arguments=["--x"]))
    assert labels(first, other) == [f"{GPU}, vllm-openai:v0.8.4", f"{GPU}, vllm-openai:v0.8.5.post1"]


def test_what_cannot_be_told_apart_has_its_key() -> None:
    subjects = [replace(SUBJECT, image=f"{host}/vllm:v1") for host in ("one", "two")]
    entries = [run for subject in subjects for run in runs([60.0], subject=subject)]
    assert labels(*entries) == [f"{GPU}, vllm:v1, key {run['key'][:6]}" for run in reversed(entries)]


def test_a_run_that_says_little_of_itself_has_a_label() -> None:
    assert labels({"points": [{"output_throughput": 1.0}], "workload": "none"}) == [""]
