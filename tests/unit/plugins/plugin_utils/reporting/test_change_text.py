"""What changes, in words."""

from __future__ import annotations

from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.reporting.change_text import (
    changes_text,
    summary_text,
)

from tests.unit.plugins.plugin_utils.reporting.reports import (
    AWAY,
    BARE,
    SILENT,
    compared,
    host,
    live,
    planned,
)

MISSING = {"repository": "Qwen/Qwen3-8B-AWQ", "revision": "", "bytes": 6098853561}


def told(comparison: dict[str, Any]) -> str:
    return " ".join(" ".join(changes_text(comparison)).split())


def summary(comparison: dict[str, Any]) -> str:
    return " ".join(summary_text(comparison))


def test_a_bare_site() -> None:
    plan, _ = planned()
    found = compared(plan, BARE, host(missing=[MISSING]))
    assert told(found).startswith("CHANGES there is no cluster yet: server has no kubeconfig")
    assert (
        "+ qwen3-8b-awq is created and answers after at most 2 min, plus the pull of the image and "
        "5.7 GiB of download In its place answers qwen3:4b (cpu), then gpt-4o-mini (cloud)."
    ) in told(found)
    assert "+ deepseek-r1-distill-qwen-7b-awq is created, at 0 replicas" in told(found)
    assert summary(found) == "Plan: 2 to create, 5.7 GiB to download"


def test_a_cluster_that_is_away() -> None:
    plan, _ = planned()
    found = compared(plan, AWAY, SILENT)
    assert "not compared, no cluster answers: server: Connection timed out" in told(found)
    assert "? qwen3-8b-awq was not compared" in told(found)
    assert summary(found) == "Plan: 2 not compared, at most 10.9 GiB to download"


def test_sizes_that_nobody_knows_are_told_beside_the_sum() -> None:
    plan, _ = planned()
    unsized = {"repository": "somebody/else", "revision": "", "bytes": 0}
    found = compared(plan, BARE, host(missing=[MISSING, unsized]))
    assert summary(found) == "Plan: 2 to create, 5.7 GiB and downloads of unknown size to download"


def test_nothing_to_do() -> None:
    plan, _ = planned()
    found = compared(plan, live(plan, vllm_qwen3_8b_awq=1), host())
    assert "= qwen3-8b-awq stays as it is, 1 replica" in told(found)
    assert summary(found) == "Plan: 2 unchanged"


def test_a_restart() -> None:
    before, _ = planned()
    plan, _ = planned(models=[{"name": "qwen3-8b-awq", "max_model_len": 4096, "environment": {"A": "1"}}])
    found = told(compared(plan, live(before, vllm_qwen3_8b_awq=1), host()))
    assert "~ qwen3-8b-awq restarts and is away for at most 2 min (its last start took 87 s)" in found
    assert "--max-model-len: 8192 -> 4096" in found
    assert "- deepseek-r1-distill-qwen-7b-awq is removed, at 0 replicas Its name leaves the gateway." in found


def test_flags_without_a_value_and_variables_have_a_side_each() -> None:
    plan, _ = planned()
    comparison = compared(plan, live(plan, vllm_qwen3_8b_awq=1), host())
    comparison["models"][0]["changes"] = [
        {"field": "arguments", "name": "--enforce-eager", "old": "", "new": None},
        {"field": "environment", "name": "A", "old": None, "new": "1"},
        {"field": "image", "name": "", "old": "a:1", "new": "a:2"},
    ]
    found = told(comparison)
    assert "--enforce-eager: (set) -> (none)" in found
    assert "environment A: (none) -> 1" in found
    assert "image: a:1 -> a:2" in found


def test_a_change_of_mode() -> None:
    plan, _ = planned(default_mode="r1")
    comparison = compared(plan, live(plan, vllm_qwen3_8b_awq=1), host())
    found = told(comparison)
    assert "! mode ml is replaced by mode r1" in found
    assert "< qwen3-8b-awq is evicted until mode ml is switched on again" in found
    assert "> deepseek-r1-distill-qwen-7b-awq is switched on and answers after at most 3 min 30 s" in found
    assert summary(comparison) == "Plan: 1 to scale up, 1 to scale down"


def test_another_number_of_replicas_interrupts_nobody() -> None:
    plan, _ = planned()
    more = {**plan, "vllm_models": [{**plan["vllm_models"][0], "replicas": 3}, *plan["vllm_models"][1:]]}
    comparison = compared(more, live(plan, vllm_qwen3_8b_awq=2), host())
    assert "> qwen3-8b-awq goes from 2 replicas to 3 =" in told(comparison)
    assert comparison["models"][0]["away"] is None


def test_nobody_may_answer_meanwhile() -> None:
    plan, _ = planned(tiers={"gpu": {"backend": "vllm"}})
    assert "No other tier answers meanwhile." in told(compared(plan, BARE, host()))
