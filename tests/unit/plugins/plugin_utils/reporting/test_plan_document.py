"""The document: the plan is the same before and after, the rest tells about the moment."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.plan_document import (
    pcie_generation,
    plan_document,
)

from tests.unit.plugins.plugin_utils.reporting.reports import (
    BARE,
    SILENT,
    compared,
    gpu_info,
    host,
    live,
    planned,
)

SECRET = "geheim-4711"


def document(*hosts: dict[str, Any], found: dict[str, Any] = BARE, **changes: Any) -> dict[str, Any]:
    plan, observed = planned(**changes)
    return plan_document(plan, observed, list(hosts), compared(plan, found, *hosts))


def test_a_bare_host_and_the_finished_one_have_the_same_plan() -> None:
    plan, observed = planned()
    bare_host = host(gpu_info=gpu_info(gpus=[], driver={"state": "library_missing", "loaded": None}))
    bare = plan_document(plan, observed, [bare_host], compared(plan, BARE, bare_host))
    cluster = live(plan, vllm_qwen3_8b_awq=1)
    finished = plan_document(plan, observed, [host()], compared(plan, cluster, host()))
    assert json.dumps(bare["plan"]) == json.dumps(finished["plan"])
    assert bare["observed"] != finished["observed"]
    assert bare["comparison"]["summary"]["created"] == finished["comparison"]["summary"]["unchanged"] == 2


def test_a_host_is_told_in_one_place() -> None:
    (row,) = document(host())["observed"]["hosts"]
    assert row["asked"]
    assert row["driver_wanted"] == "570.195.03"
    assert (row["driver_state"], row["cuda_driver"]) == ("ready", "12.8")
    (link,) = row["links"]
    assert (link["gpu"], link["pcie_generation"]) == ("NVIDIA GeForce RTX 3060", "4.0")
    assert (link["width_lanes"], link["width_max_lanes"], link["is_removable"]) == (4, 16, True)
    assert row["thunderbolt"][0]["name"] == "Core X"


def test_a_host_that_did_not_answer_says_why() -> None:
    (row,) = document(SILENT)["observed"]["hosts"]
    assert (row["asked"], row["reason"]) == (False, "Connection timed out")
    assert (row["links"], row["driver_state"], row["cuda_driver"]) == ([], None, None)


def test_a_disk_that_is_too_small_is_a_warning_before_the_run_stops_there() -> None:
    missing = [{"repository": "Qwen/Qwen3-8B-AWQ", "revision": "", "bytes": 6098853561}]
    (warning,) = document(host(free_gib=12, missing=missing))["observed"]["warnings"]
    assert warning.startswith("worker: the models do not fit into /var/lib/vllm")
    assert document(host(free_gib=20, missing=missing))["observed"]["warnings"] == []


def test_secrets_of_a_careless_site_do_not_reach_the_document() -> None:
    entry = {
        "name": "qwen3-8b-awq",
        "environment": {"STORE_CREDENTIALS": SECRET, "OMP_NUM_THREADS": "4"},
        "arguments": ["--otlp-token", SECRET],
    }
    found = document(host(), models=[entry])
    assert SECRET not in json.dumps(found)
    assert found["plan"]["vllm_models"][0]["environment"]["OMP_NUM_THREADS"] == "4"


@pytest.mark.parametrize(("speed", "name"), [(16.0, "4.0"), (2.5, "1.0"), (7.0, None), (None, None)])
def test_pcie_generations(speed: float | None, name: str | None) -> None:
    assert pcie_generation(speed) == name
