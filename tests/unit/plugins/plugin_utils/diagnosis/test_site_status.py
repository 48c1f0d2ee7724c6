"""The status says what runs, fits one screen, and leaves gaps where nothing was seen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.site_status import site_status
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.status_text import status_report

from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import QWEN, Planted, healthy, pod
from tests.unit.plugins.plugin_utils.diagnosis.test_walk import FAULTS


def run(model: str, time: str, *speeds: float) -> str:
    points = [
        {"max_concurrency": users, "output_throughput": speed, "median_ttft_ms": 80.0, "median_tpot_ms": 20.5}
        for users, speed in enumerate(speeds, start=1)
    ]
    return json.dumps({"model": model, "time": time, "points": points}) + "\n"


def test_a_healthy_site() -> None:
    document = site_status(healthy())
    assert document["mode"] == "ml"
    model, other = document["models"]
    assert (model["state"], model["serving"], model["wanted"], model["tier"]) == ("serves", 1, 1, "gpu")
    assert other["state"] == "off"
    assert [(tier["name"], tier["asked"], tier["answers"]) for tier in document["tiers"]] == [
        ("gpu", True, True),
        ("cpu", True, True),
        ("cloud", False, False),
    ]
    assert [host["name"] for host in document["hosts"]] == ["gpu", "server"]
    assert document["versions"]["driver"] == ["570.195.03"]
    assert document["versions"]["images"]["litellm"] == ["registry.example.com/litellm:1.0"]


@pytest.mark.parametrize(("phase", "counts"), [("Failed", False), ("Succeeded", False), ("Pending", True)])
def test_a_pod_that_ended_is_no_trouble(phase: str, counts: bool) -> None:
    site = Planted()
    trouble = {"reason": "UnexpectedAdmissionError", "message": "Allocate failed", "container": ""}
    site.engine["pods"].insert(0, pod("dead", phase=phase, ready=False, troubles=[trouble]))
    (model, _) = site_status(site.seen)["models"]
    assert (model["state"], model["serving"], bool(model["trouble"])) == ("serves", 1, counts)


def test_the_text_holds_what_a_person_looks_for() -> None:
    text = status_report(site_status(healthy(), run(QWEN, "2026-01-01T00:00:00Z", 41.5)))
    for word in (
        "mode ml",
        "10.00 of 12.00",
        "serves 1/1",
        QWEN,
        "gpu in 0.20 s",
        "off, mode r1",
        "41.5",
        "v1.34.2",
    ):
        assert word in text
    assert len(text.splitlines()) < 40


@pytest.mark.parametrize("name", FAULTS)
def test_the_text_fits_the_screen_whatever_is_wrong(name: str) -> None:
    site = Planted()
    FAULTS[name][0](site)
    text = status_report(site_status(site.seen))
    assert max(map(len, text.splitlines())) <= 80


def test_an_answer_from_below_is_not_the_gpus() -> None:
    site = Planted()
    site.answered_by("cpu")
    document = site_status(site.seen)
    assert document["models"][0]["tier"] == "cpu"
    assert [tier["answers"] for tier in document["tiers"]] == [False, True, False]


def test_the_last_run_of_each_model_counts_by_its_best_load() -> None:
    history = (
        run(QWEN, "old", 99.0) + run("other", "x", 5.0) + run(QWEN, "new", 20.0, 35.0, 30.0) + '{"broken'
    )
    figures = {row["model"]: row for row in site_status(healthy(), history)["figures"]}
    assert (figures[QWEN]["time"], figures[QWEN]["output_throughput"]) == ("new", 35.0)
    assert figures[QWEN]["max_concurrency"] == 2
    assert figures["other"]["time"] == "x"


@pytest.mark.parametrize("part", ["plan", "hosts", "cluster", "engines", "gateway", "now"])
def test_a_part_that_is_missing_leaves_a_gap(part: str) -> None:
    seen = healthy()
    del seen[part]
    assert status_report(site_status(seen))


@pytest.mark.parametrize(
    "empty", [None, {}, {"hosts": [{}]}, {"cluster": {"answers": False, "reason": "away"}}]
)
def test_nothing_at_all_is_no_error(empty: Any) -> None:
    assert "the cluster does not answer" in status_report(site_status(empty))


def test_json_is_one_document_and_other_formats_are_refused() -> None:
    document = site_status(healthy())
    assert json.loads(status_report(document, "json")) == document
    with pytest.raises(InvalidInput, match="status_format"):
        status_report(document, "yaml")
