"""llm_endpoint_info tells what it saw and fails only for options that make no sense."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.modules import llm_endpoint_info

from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.modules.test_gpu_info import documented_keys, returned_keys
from tests.unit.plugins.scripted_server import ScriptedServer

KEY = "geheim-4711"


@pytest.mark.parametrize("check", [False, True])
def test_everything_returned_is_documented(
    server: ScriptedServer, run_module: ModuleRunner, check: bool
) -> None:
    server.serve_model("m")
    arguments = {"base_url": server.url, "api_key": KEY, "ask": ["m"], "tier_map": {server.url: "gpu"}}
    run = run_module(llm_endpoint_info.main, arguments, check=check)
    assert not run.failed
    result = {key: value for key, value in run.result.items() if key not in ("changed", "invocation")}
    assert run.result["changed"] is False
    assert result["answers"][0]["tier"] == "gpu"
    assert documented_keys(yaml.safe_load(llm_endpoint_info.RETURN)) == returned_keys(result)
    assert KEY not in json.dumps(result)


def test_a_server_that_is_away_is_an_answer(run_module: ModuleRunner) -> None:
    run = run_module(llm_endpoint_info.main, {"base_url": "http://127.0.0.1:9", "ask": ["m"]})
    assert not run.failed
    assert run.result["reachable"] is False
    assert run.result["error"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"base_url": "127.0.0.1:9"}, "http://"),
        ({"timeout": 0}, "timeout"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"ca_path": "/no/such/authority"}, "/no/such/authority"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    run_module: ModuleRunner, options: dict[str, Any], word: str
) -> None:
    run = run_module(llm_endpoint_info.main, {"base_url": "http://127.0.0.1:9", **options})
    assert run.failed
    assert word in run.result["msg"]


def test_documentation_and_code_name_the_same_options() -> None:
    assert_same_options(documented_options(llm_endpoint_info), llm_endpoint_info.ARGUMENTS)
