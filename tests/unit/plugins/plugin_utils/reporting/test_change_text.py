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


def test_a_bare_site_without_a_model_on_a_gpu_is_not_nothing() -> None:
    plan, _ = planned(models=[])
    told = summary(compared(plan, BARE, host()))
    assert told == "Plan: no model on a GPU; cluster, gateway and the other tiers are installed"


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


def test_a_tier_that_leaves() -> None:
    plan, _ = planned(tiers={"gpu": {}})
    objects = ["apps/v1 Deployment ml/ollama", "networking.k8s.io/v1 NetworkPolicy ml/ollama"]
    row = {"owner": "ollama", "namespace": "ml", "objects": objects, "folders": ["/var/lib/ollama"]}
    cluster = {**live(plan, vllm_qwen3_8b_awq=1), "inventories": [row]}
    comparison = compared(plan, cluster, host())
    assert (
        "- the CPU tier is removed: Deployment ollama, NetworkPolicy ollama Its downloaded models stay in "
        "/var/lib/ollama of its node."
    ) in told(comparison)
    assert summary(comparison) == "Plan: 2 unchanged, the CPU tier to remove"


def test_a_chat_that_nobody_asks_for() -> None:
    plan, _ = planned()
    objects = ["apps/v1 Deployment ml/open-webui"]
    row = {"owner": "open-webui", "namespace": "ml", "objects": objects, "folders": []}
    comparison = compared(plan, {**live(plan, vllm_qwen3_8b_awq=1), "inventories": [row]}, host())
    found = told(comparison)
    assert "= the chat stays, though the inventory does not ask for it" in found
    assert "playbooks/chat.yml -e chat_state=absent removes it." in found
    assert summary(comparison) == "Plan: 2 unchanged"


def test_a_site_that_moved_to_another_namespace() -> None:
    plan, _ = planned()
    old = {
        "namespace": "old",
        "owners": ["litellm", "vllm"],
        "objects": ["v1 Service old/litellm", "apps/v1 Deployment old/engine"],
        "with_gpus": ["engine"],
        "node_ports": [30400],
        "claims": ["open-webui-data"],
        "removal": "kubectl delete namespace old",
    }
    found = told(compared(plan, {**live(plan), "elsewhere": [old]}, host()))
    assert (
        "! namespace old still has 2 objects of litellm, vllm, and a run leaves them there. "
        "The GPUs of engine are not free before they are gone. "
        "A run stops as long as litellm_node_port wants node port 30400, too. "
        "Unless another site is served from there, remove it, with the data of the claim open-webui-data: "
        "kubectl delete namespace old"
    ) in found


def test_what_somebody_added_by_hand() -> None:
    plan, _ = planned()
    field = "spec.template.spec.containers[litellm].env[DEBUG]"
    row = {"object": "Deployment litellm", "field": field, "manager": "kubectl-set"}
    found = told(compared(plan, {**live(plan), "foreign_fields": [row]}, host()))
    assert (
        f"! Deployment litellm: {field} (by kubectl-set) was added by hand, and a run leaves it there"
        in found
    )


def test_another_number_of_replicas_interrupts_nobody() -> None:
    plan, _ = planned()
    more = {**plan, "vllm_models": [{**plan["vllm_models"][0], "replicas": 3}, *plan["vllm_models"][1:]]}
    comparison = compared(more, live(plan, vllm_qwen3_8b_awq=2), host())
    assert "> qwen3-8b-awq goes from 2 replicas to 3 =" in told(comparison)
    assert comparison["models"][0]["away"] is None


def test_nobody_may_answer_meanwhile() -> None:
    plan, _ = planned(tiers={"gpu": {"backend": "vllm"}})
    assert "No other tier answers meanwhile." in told(compared(plan, BARE, host()))
