"""The module is its documentation; in check mode it asks nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.modules import llm_benchmark

from tests.unit.plugins.module_utils.benchmarking.talker import Talker
from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.scripted_server import ScriptedServer

KEY = "geheim-4711"
STATISTIC = re.compile(r"(mean|median|std|p50|p90|p95|p99)_(ttft|ttfot|first_byte|tpot|itl|icl|e2el)_ms")


@pytest.fixture
def talker(server: ScriptedServer) -> Talker:
    talker = Talker()
    talker.serve(server)
    return talker


def options(server: ScriptedServer, **more: Any) -> dict[str, Any]:
    small = {"requests": 2, "input_tokens": 30, "output_tokens": 3, "request_timeout": 20}
    return {"base_url": server.url, "api_key": KEY, "model": "m", **small, **more}


def test_figures_of_a_server(server: ScriptedServer, talker: Talker, run_module: ModuleRunner) -> None:
    done = run_module(llm_benchmark.main, options(server, concurrency=2, slo={"ttft": 20000}, details=True))
    assert not done.failed, done.result
    assert done.result["changed"] is False
    figures = done.result["figures"]
    assert (figures["completed"], figures["total_output_tokens"]) == (2, 6)
    assert figures["request_goodput"] == figures["request_throughput"]
    assert len(done.result["details"]["ttfts"]) == 2
    assert KEY not in json.dumps({**done.result, "invocation": {}})


def test_check_mode_asks_nothing(server: ScriptedServer, talker: Talker, run_module: ModuleRunner) -> None:
    done = run_module(llm_benchmark.main, options(server), check=True)
    assert (done.failed, done.result["changed"], done.result["skipped"]) == (False, False, True)
    assert talker.asked == []


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"concurrency": 0}, "concurrency is 0 and must be at least 1"),
        ({"concurrency": "many"}, "concurrency"),
        ({"dataset": "file"}, "dataset=file needs dataset_path"),
        ({"dataset": "books"}, "value of dataset must be one of"),
        ({"slo": {"itl": 5}}, "slo"),
        ({"slo": {"ttft": -5}}, "slo.ttft is -5.0"),
        ({"expected_tier": "gpu"}, "tier_map has no address of tier 'gpu'"),
        ({"model": ""}, "model is empty"),
    ],
)
def test_options_are_checked_before_anything_is_asked(
    server: ScriptedServer,
    talker: Talker,
    run_module: ModuleRunner,
    more: dict[str, Any],
    told: str,
    check: bool,
) -> None:
    done = run_module(llm_benchmark.main, options(server, **more), check=check)
    assert done.failed
    assert told in done.result["msg"]
    assert talker.asked == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"base_url": "127.0.0.1"}, "is not an address"),
        ({"base_url": "https://127.0.0.1", "ca_path": "/nowhere/ca.pem"}, "cannot be read"),
        ({"proxy": "https://proxy"}, "Begin its address with http://"),
        ({"api_key": "gehäim"}, "an HTTP header cannot carry"),
    ],
)
def test_what_cannot_be_reached_is_told(
    server: ScriptedServer, run_module: ModuleRunner, more: dict[str, Any], told: str
) -> None:
    done = run_module(llm_benchmark.main, options(server, **more))
    assert done.failed
    assert told in done.result["msg"]


def test_the_key_appears_nowhere_in_a_failure(server: ScriptedServer, run_module: ModuleRunner) -> None:
    server.routes["POST /v1/chat/completions"] = lambda exchange: exchange.reply(
        {"error": f"no {KEY}", "sent": exchange.headers["Authorization"]}, status=401
    )
    done = run_module(llm_benchmark.main, options(server))
    assert done.failed
    assert "HTTP 401" in done.result["msg"]
    assert KEY not in json.dumps(done.result)


def test_documentation_and_code_name_the_same_options() -> None:
    assert_same_options(documented_options(llm_benchmark), llm_benchmark.ARGUMENTS)


def test_documentation_and_code_return_the_same(
    server: ScriptedServer, talker: Talker, run_module: ModuleRunner
) -> None:
    done = run_module(llm_benchmark.main, options(server))
    documented = yaml.safe_load(llm_benchmark.RETURN)
    assert set(documented) == set(done.result) - {"changed", "invocation"}
    statistics = {name for name in done.result["figures"] if STATISTIC.fullmatch(name)}
    assert len(statistics) == 7 * 7
    assert set(documented["figures"]["contains"]) == set(done.result["figures"]) - statistics


def test_the_examples_are_options() -> None:
    for task in yaml.safe_load(llm_benchmark.EXAMPLES):
        assert set(task["inference.stack.llm_benchmark"]) <= set(llm_benchmark.ARGUMENTS)
