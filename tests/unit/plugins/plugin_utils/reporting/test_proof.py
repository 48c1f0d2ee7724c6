"""What a proof leaves behind for the report."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.proof import proof, read_proof

from tests.unit.plugins.plugin_utils.reporting.reports import planned
from tests.unit.plugins.plugin_utils.reporting.site_report.records import (
    CLOUD_MODEL,
    CPU_MODEL,
    IMAGE,
    MODEL,
    TIME,
    check,
    result,
    unanswered,
)

ENGINE = "http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000"
OLLAMA = "http://ollama.ml.svc.cluster.local:11434"


def proven(*results: dict[str, Any], **changes: Any) -> dict[str, Any]:
    plan, _ = planned()
    return proof({**plan, **changes}, list(results), TIME)


def test_it_tells_what_was_proven_and_when() -> None:
    told = proven()
    assert (told["format"], told["time"], told["namespace"]) == (1, TIME, "ml")
    assert (told["mode"], told["image"]) == ("ml", IMAGE)
    tiers = {row["address"]: row["tier"] for row in told["tiers"]}
    assert (tiers[ENGINE], tiers[OLLAMA]) == ("gpu", "cpu")
    assert told["contracts"] == []


def test_a_route_names_who_answers_one_after_the_other() -> None:
    route = proven()["routes"][0]
    assert (route["model"], route["aliases"]) == (MODEL, ["vllm-qwen"])
    assert route["steps"] == [
        {"model": MODEL, "tier": "gpu", "address": f"{ENGINE.replace('inference.', 'inference-pods.')}/v1"},
        {"model": CPU_MODEL, "tier": "cpu", "address": OLLAMA.replace("ollama.", "ollama-pods.")},
        {"model": CLOUD_MODEL, "tier": "cloud", "address": ""},
    ]


def test_every_model_of_the_gateway_has_one_route() -> None:
    plan, _ = planned()
    names = [row["model_name"] for row in plan["litellm_models"]]
    assert [route["model"] for route in proven()["routes"]] == names
    assert [len(route["steps"]) for route in proven()["routes"]] == [3, 3, 2, 1]


def test_servers_of_the_same_name_are_steps_of_one_route() -> None:
    rows = [
        {"model_name": "m", "litellm_params": {"api_base": f"http://{name}"}, "model_info": {"tier": "gpu"}}
        for name in ("first", "second")
    ]
    (route,) = proven(litellm_models=rows, litellm_fallbacks=[{"m": ["gone"]}], litellm_aliases={})["routes"]
    assert [step["address"] for step in route["steps"]] == ["http://first", "http://second"]
    assert route["aliases"] == []


def test_a_server_of_which_nobody_knows_the_tier_is_a_step_all_the_same() -> None:
    rows = [{"model_name": "m", "litellm_params": {}}]
    (route,) = proven(litellm_models=rows, litellm_fallbacks=[], litellm_aliases={})["routes"]
    assert route["steps"] == [{"model": "m", "tier": "", "address": ""}]


def test_a_contract_holds_every_check_and_nothing_else_of_it() -> None:
    checks = [check("identity"), check("json", "failed", required=False)]
    (contract,) = proven(result(*checks))["contracts"]
    assert (contract["model"], contract["tier"], contract["fulfilled"]) == (MODEL, "gpu", True)
    assert (contract["broken"], contract["failure"]) == ([], "")
    kept = ("check", "status", "expected", "seen", "required")
    assert contract["checks"] == [{name: row[name] for name in kept} for row in checks]


def test_a_broken_contract_names_what_is_broken_once() -> None:
    broken = result(check("chat"), check("json", "failed"), msg="breaks its contract in 1 of the 2 checks")
    (contract,) = proven(broken)["contracts"]
    assert (contract["fulfilled"], contract["broken"], contract["failure"]) == (False, ["json"], "")


def test_a_model_that_never_answered_says_why() -> None:
    (contract,) = proven(unanswered(said="no answer after 900 s"))["contracts"]
    assert (contract["fulfilled"], contract["checks"]) == (False, [])
    assert contract["failure"] == "no answer after 900 s"


def test_a_task_that_failed_before_it_asked_is_a_broken_contract() -> None:
    (contract,) = proven({"item": {"served_name": MODEL}, "failed": True, "msg": "no such host"})["contracts"]
    assert contract == {
        "model": MODEL,
        "tier": "",
        "fulfilled": False,
        "broken": [],
        "failure": "no such host",
        "checks": [],
    }


def test_no_key_gets_into_it() -> None:
    plan, _ = planned()
    rows = json.loads(json.dumps(plan["litellm_models"]))
    for row in rows:
        row["litellm_params"]["api_key"] = "sk-geheim"
    asked = result(check("chat"), invocation={"module_args": {"api_key": "sk-geheim"}})
    told = json.dumps(proven(asked, litellm_models=rows))
    assert "geheim" not in told and "api_key" not in told and "os.environ" not in told


def test_what_was_written_can_be_read() -> None:
    told = proven(result(check("chat")))
    assert read_proof(json.dumps(told, indent=4)) == told


@pytest.mark.parametrize("text", ["", " \n"])
def test_no_proof_is_an_empty_one(text: str) -> None:
    assert read_proof(text) == {}


@pytest.mark.parametrize(
    "text", ["{", '{"format": 2}', "{}", "[]", '"format"', "null", '{"format": 1, "time"']
)
def test_what_this_version_cannot_read_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        read_proof(text)
    assert "this version cannot read the proof" in str(raised.value)
    assert "ansible-playbook playbooks/site.yml --tags prove" in str(raised.value)
