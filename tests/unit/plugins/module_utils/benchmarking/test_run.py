"""A whole benchmark against a server of the test."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.prompts import Scale
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.run import benchmark, share_out
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.trial import Trial
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput, ProbeFailed

from tests.unit.plugins.module_utils.benchmarking.jobs import KEY, settings
from tests.unit.plugins.module_utils.benchmarking.talker import Talker
from tests.unit.plugins.scripted_server import ScriptedServer

TIERS = {"http://gpu:8000": "gpu", "http://ollama:11434": "cpu"}


@pytest.mark.parametrize("processes", [1, 2])
def test_a_benchmark(server: ScriptedServer, talker: Talker, processes: int) -> None:
    talker.first, talker.gap = 0.05, 0.02
    chosen = settings(server.url, concurrency=2, requests=6, processes=processes)
    measured = benchmark(replace(chosen, slo={"ttft": 10_000}), with_details=True)
    found, details = measured["figures"], measured["details"]
    assert (found["completed"], found["failed"], found["total_output_tokens"]) == (6, 0, 18)
    # The prompts are as long as asked for, as the server counts.
    assert 25 <= found["total_input_tokens"] / 6 <= 35
    assert found["median_ttft_ms"] >= 50
    # The server pauses at least so long, but either of two times may be noted late.
    assert found["median_itl_ms"] >= 10
    assert found["median_e2el_ms"] >= 80
    assert found["request_goodput"] == found["request_throughput"]
    assert found["output_throughput"] == pytest.approx(18 / found["duration"], rel=1e-3)
    assert found["client_processes"] == processes
    assert found["tokens_estimated"] is False
    assert [len(gaps) for gaps in details["itls"]] == [2] * 6
    assert KEY not in json.dumps(measured)


def test_a_server_that_does_not_count_is_estimated(server: ScriptedServer, talker: Talker) -> None:
    talker.counts = False
    found = benchmark(settings(server.url, requests=2))["figures"]
    assert (found["tokens_estimated"], found["total_output_tokens"]) == (True, 6)


def test_some_failures_are_figures(server: ScriptedServer, talker: Talker) -> None:
    talker.fails = (" 1: ",)
    found = benchmark(settings(server.url, requests=3))["figures"]
    assert (found["completed"], found["failed"]) == (2, 1)
    assert "HTTP 500" in found["errors"][0]["message"]


def test_only_failures_are_a_failure(server: ScriptedServer, talker: Talker) -> None:
    talker.fails = (" 0: ", " 1: ")
    with pytest.raises(ProbeFailed, match=r"no request succeeded: .*HTTP 500"):
        benchmark(settings(server.url, requests=2))


def test_options_are_checked_before_anything_is_asked(server: ScriptedServer, talker: Talker) -> None:
    with pytest.raises(InvalidInput, match="requests is 0"):
        benchmark(settings(server.url, requests=0))
    assert talker.asked == []


def test_answers_of_another_tier_are_refused(server: ScriptedServer, talker: Talker) -> None:
    talker.headers = {"x-litellm-model-api-base": "http://ollama:11434"}
    chosen = replace(settings(server.url, requests=2), tier_map=TIERS)
    assert benchmark(chosen)["figures"]["tiers"] == {"cpu": 2}
    with pytest.raises(ProbeFailed, match="of 2 answers, 2 by tier 'cpu' instead of tier 'gpu'"):
        benchmark(replace(chosen, expected_tier="gpu"))


def test_answers_of_the_right_tier_pass(server: ScriptedServer, talker: Talker) -> None:
    talker.headers = {"x-litellm-model-api-base": "http://gpu:8000/v1"}
    chosen = replace(settings(server.url, requests=2), tier_map=TIERS, expected_tier="gpu")
    assert benchmark(chosen)["figures"]["tiers"] == {"gpu": 2}


@pytest.mark.parametrize(
    ("load", "shares"),
    [
        ({"concurrency": 7, "requests": 100, "processes": 3}, [3, 2, 2]),
        ({"concurrency": 8, "requests": 2, "processes": 4}, [1, 1]),
        ({"concurrency": 1, "requests": 9, "processes": 0}, [1]),
    ],
)
def test_slots_are_dealt_out_evenly(load: dict[str, int], shares: list[int]) -> None:
    jobs = share_out(settings("http://host", **load), "r1", Trial({}, Scale(), 10.0))
    assert [job.concurrency for job in jobs] == shares
    assert [(job.share, job.shares) for job in jobs] == [(place, len(shares)) for place in range(len(shares))]
