"""The module is its documentation, fails with every broken promise, and behaves the same in check mode."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.modules import llm_contract

from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.scripted_model import GPU, LENGTH, NAME, TIER_MAP, ScriptedModel
from tests.unit.plugins.scripted_server import ScriptedServer

KEY = "geheim-4711"
GIB = 1024**3


def options(server: ScriptedServer, **more: Any) -> dict[str, Any]:
    return {
        "base_url": server.url,
        "api_key": KEY,
        "model": NAME,
        "capabilities": ["chat", "json", "tools", "reasoning"],
        "thinking_switch": True,
        "max_model_len": LENGTH,
        **more,
    }


@pytest.mark.parametrize("check", [False, True])
def test_a_model_that_keeps_its_promises(
    server: ScriptedServer, run_module: ModuleRunner, check: bool
) -> None:
    ScriptedModel(server, gateway=True).serve()
    memory = {"measured_bytes": 10 * GIB, "expected_bytes": 11 * GIB}
    asked = options(
        server, expected_tier="gpu", tier_map=TIER_MAP, expected_api_base=GPU, wait_timeout=10, memory=memory
    )
    done = run_module(llm_contract.main, asked, check=check)
    assert not done.failed, done.result
    assert done.result["fulfilled"] is True
    assert done.result["changed"] is False
    assert (done.result["tier"], done.result["api_base"]) == ("gpu", f"{GPU}/v1")
    assert done.result["broken"] == []
    assert {one["check"]: one["status"] for one in done.result["checks"]}["context"] == "passed"
    assert done.result["figures"]["memory_used_bytes"] == 10 * GIB
    assert KEY not in json.dumps({**done.result, "invocation": {}})
    assert "warnings" not in done.result


@pytest.mark.parametrize("check", [False, True])
def test_a_broken_contract_names_everything_that_is_broken(
    server: ScriptedServer, run_module: ModuleRunner, check: bool
) -> None:
    ScriptedModel(server, {"wrong name", "no tool parser", "stop ignored"}).serve()
    done = run_module(llm_contract.main, options(server), check=check)
    assert done.failed
    assert done.result["broken"] == ["identity", "stop", "tools"]
    told = done.result["msg"].splitlines()
    assert told[0] == f"{NAME} breaks its contract in 3 of the 17 checks:"
    assert (
        told[1] == f"identity: expected model {NAME} with {LENGTH} tokens; seen: the server names {NAME}-old"
    )
    assert [line.partition(":")[0] for line in told[1:]] == done.result["broken"]
    assert len(done.result["table"]) == 17


@pytest.mark.parametrize(
    ("quality", "failed", "status"),
    [
        (True, True, "failed"),
        ("true", True, "failed"),
        (False, False, "not_applicable"),
        ("report", False, "failed"),
    ],
)
def test_quality_as_an_inventory_writes_it(
    server: ScriptedServer, run_module: ModuleRunner, quality: Any, failed: bool, status: str
) -> None:
    ScriptedModel(server, {"wrong sum"}).serve()
    done = run_module(llm_contract.main, options(server, quality=quality))
    assert done.failed is failed
    assert {one["check"]: one["status"] for one in done.result["checks"]}["reasoning_answer"] == status


def test_a_model_that_never_answers_is_waited_for(server: ScriptedServer, run_module: ModuleRunner) -> None:
    done = run_module(llm_contract.main, options(server, wait_timeout=0.5, interval=1))
    assert done.failed
    assert "within 0.5 s; seen last" in done.result["msg"]
    assert done.result["fulfilled"] is False
    assert done.result["checks"] == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"max_model_len": -1}, "max_model_len must not be negative"),
        ({"floor_tokens_per_second": -1}, "floor_tokens_per_second must not be negative"),
        ({"request_timeout": 0}, "request_timeout must be above 0"),
        ({"expected_tier": "gpu"}, "tier_map has no address of tier 'gpu'"),
        ({"capabilities": ["sing"]}, "value of capabilities must be one or more of"),
        ({"quality": "maybe"}, "value of quality must be one of"),
        ({"memory": {"tolerance": -1}}, "memory.tolerance must not be negative"),
        ({"base_url": "127.0.0.1"}, "is not an address"),
    ],
)
def test_options_are_checked_before_anything_is_asked(
    server: ScriptedServer, run_module: ModuleRunner, wrong: dict[str, Any], told: str
) -> None:
    done = run_module(llm_contract.main, options(server, **wrong))
    assert done.failed
    assert told in done.result["msg"]
    assert server.requests == []


def test_documentation_and_code_name_the_same_options() -> None:
    assert_same_options(documented_options(llm_contract), llm_contract.ARGUMENTS)


def test_documentation_and_code_return_the_same(server: ScriptedServer, run_module: ModuleRunner) -> None:
    ScriptedModel(server).serve()
    done = run_module(llm_contract.main, options(server))
    returned = yaml.safe_load(llm_contract.RETURN)
    assert set(returned) == set(done.result) - {"changed", "invocation"}
    assert set(returned["checks"]["contains"]) == set(done.result["checks"][0])
