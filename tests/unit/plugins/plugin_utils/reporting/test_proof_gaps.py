"""A proof leaves out what cannot answer now, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.proof_gaps import proof_gaps

from tests.unit.plugins.plugin_utils.reporting.reports import BARE, compared, live, planned

NAME = "qwen3-8b-awq"
PLAN, _ = planned()
SERVED = next(model["served_name"] for model in PLAN["vllm_models"] if model["name"] == NAME)
READY = live(PLAN, vllm_qwen3_8b_awq=1)


def reasons(*arguments: Any, plan: dict[str, Any] = PLAN) -> dict[str, str]:
    return {row["name"]: row["reason"] for row in proof_gaps(plan, *arguments)}


def test_a_site_that_is_complete_has_none() -> None:
    assert reasons([]) == {}
    assert reasons([], compared(PLAN, READY), [SERVED]) == {}


def test_a_host_that_is_away_takes_its_models_along() -> None:
    assert reasons(["worker"]) == {NAME: "worker did not answer"}
    assert reasons(["agent"]) == {}


def test_where_a_models_host_is_unknown_any_gpu_host_may_be_it() -> None:
    placement = [{**row, "host": None} for row in PLAN["placement"]]
    unknown = {**PLAN, "placement": placement}
    assert reasons(["worker"], plan=unknown) == {NAME: "worker did not answer"}
    assert reasons(["agent"], plan=unknown) == {}


def starting() -> dict[str, Any]:
    found = live(PLAN, vllm_qwen3_8b_awq=1)
    for row in found["deployments"]:
        row["pods"] = [{**pod, "ready": False} for pod in row["pods"]]
    return found


@pytest.mark.parametrize(
    ("found", "offered", "reason"),
    [
        (BARE, [SERVED], "a run is still to make or change its engine"),
        (live(PLAN), [SERVED], "its engine does not serve now"),
        (starting(), [SERVED], "its engine does not serve now"),
        (READY, ["another"], "the gateway does not offer it yet"),
        (READY, None, "the gateway does not offer it yet"),
    ],
)
def test_in_check_mode_only_what_runs_already_is_asked(found: Any, offered: Any, reason: str) -> None:
    assert reasons([], compared(PLAN, found), offered) == {NAME: reason}


def test_without_a_comparison_in_check_mode_nothing_runs() -> None:
    assert reasons([], {}, []) == {NAME: "a run is still to make or change its engine"}
