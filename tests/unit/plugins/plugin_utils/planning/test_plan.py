"""The home lab's plan in its golden figures, and the sites beside it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.planning.sites import GIB, home_lab, one, option, plan, refusal

QWEN = "Qwen/Qwen3-8B-AWQ"
R1 = "casperhansen/deepseek-r1-distill-qwen-7b-awq"
QWEN_URL = "http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000"


def test_memory_of_the_home_lab() -> None:
    row = plan(home_lab())["memory"][0]
    assert (row["model"], row["gpu"], row["verdict"]) == ("qwen3-8b-awq", "rtx-3060-12gb", "fits")
    assert row["total_bytes"] == 12 * GIB
    assert row["requested_bytes"] / GIB == pytest.approx(10.8, abs=0.01)
    assert row["weights_bytes"] / GIB == pytest.approx(5.68, abs=0.01)
    assert row["kv_bytes"] / GIB == pytest.approx(4.1, abs=0.05)
    assert row["kv_tokens"] == pytest.approx(30_000, rel=0.01)
    assert row["concurrency"] == 3.6


def test_engine_arguments_of_the_home_lab() -> None:
    qwen, r1 = plan(home_lab())["vllm_models"]
    assert qwen["arguments"] == [
        *("--model", QWEN, "--served-model-name", QWEN, "--quantization", "awq_marlin"),
        *("--max-model-len", "8192", "--gpu-memory-utilization", "0.90"),
        *("--enable-auto-tool-choice", "--tool-call-parser", "hermes"),
        *("--enable-reasoning", "--reasoning-parser", "deepseek_r1", "--enforce-eager"),
    ]
    assert option(r1["arguments"], "--tokenizer") == "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
    assert "--tool-call-parser" not in r1["arguments"]


def test_modes_decide_what_is_active() -> None:
    found = plan(home_lab())
    assert found["modes"] == {"ml": ["qwen3-8b-awq"], "r1": ["deepseek-r1-distill-qwen-7b-awq"]}
    assert [model["active"] for model in found["vllm_models"]] == [True, False]
    found = plan(home_lab(default_mode="r1"))
    assert [model["active"] for model in found["vllm_models"]] == [False, True]
    found = plan(home_lab(default_mode="gaming"))
    assert [model["active"] for model in found["vllm_models"]] == [False, False]


def test_a_model_without_mode_belongs_to_the_default() -> None:
    found = plan(home_lab(models=[{"name": "qwen3-8b-awq"}], default_mode="day"))
    assert found["modes"] == {"day": ["qwen3-8b-awq"]}
    assert found["vllm_models"][0]["active"]


def test_identity_of_a_model() -> None:
    assert plan(home_lab())["identities"][0] == {
        "name": "qwen3-8b-awq",
        "slug": "qwen3-8b-awq",
        "served_name": QWEN,
        "aliases": ["vllm-qwen"],
        "deployment": "vllm-qwen3-8b-awq",
        "service": "qwen3-8b-awq-inference",
        "url": QWEN_URL,
        "mode": "ml",
        "tier": "gpu",
    }


def test_a_model_brings_only_its_own_probe_timings() -> None:
    qwen, r1 = plan(home_lab())["vllm_models"]
    assert (qwen["probes"], qwen["load_timeout"]) == ({}, 120)
    assert r1["probes"]["liveness"] == {"initialDelaySeconds": 120}
    (found,) = plan(one(load_timeout=601, probes={"liveness": {"periodSeconds": 30}}))["vllm_models"]
    assert found["probes"] == {"liveness": {"periodSeconds": 30}}


def test_gateway_models_fallbacks_and_aliases() -> None:
    found = plan(home_lab())
    by_name = {row["model_name"]: row for row in found["litellm_models"]}
    assert list(by_name) == [QWEN, R1, "qwen3:4b", "gpt-4o-mini"]
    qwen = by_name[QWEN]["litellm_params"]
    assert qwen["model"] == f"hosted_vllm/{QWEN}"
    assert qwen["api_base"] == "http://127.0.0.1:8100/qwen3-8b-awq-inference/v1"
    cpu = by_name["qwen3:4b"]["litellm_params"]
    assert cpu["model"] == "ollama_chat/qwen3:4b"
    assert cpu["api_base"] == "http://127.0.0.1:8100/ollama"
    # A prompt that is too long is refused, not cut.
    assert cpu["extra_body"] == {"truncate": False, "shift": False}
    cloud = by_name["gpt-4o-mini"]["litellm_params"]
    assert cloud["model"] == "openai/gpt-4o-mini"
    assert cloud["api_key"] == "os.environ/OPENAI_API_KEY"
    assert [row["model_info"]["tier"] for row in found["litellm_models"]] == ["gpu", "gpu", "cpu", "cloud"]
    assert found["litellm_fallbacks"] == [
        {QWEN: ["qwen3:4b", "gpt-4o-mini"]},
        {R1: ["qwen3:4b", "gpt-4o-mini"]},
        {"qwen3:4b": ["gpt-4o-mini"]},
    ]
    assert found["litellm_aliases"] == {"vllm-qwen": QWEN}
    assert found["tier_map"][QWEN_URL] == "gpu"
    assert found["tier_map"]["http://ollama.ml.svc.cluster.local:11434"] == "cpu"


@pytest.mark.parametrize("prices", [{}, {"input_cost_per_token": 1.5e-07, "output_cost_per_token": 0.0}])
def test_the_cloud_has_prices_of_its_own_or_litellms(prices: dict[str, float]) -> None:
    tiers = home_lab()["tiers"]
    found = plan(home_lab(tiers={**tiers, "cloud": {**tiers["cloud"], **prices}}))
    (cloud,) = (row for row in found["litellm_models"] if row["model_info"]["tier"] == "cloud")
    told = {name: value for name, value in cloud["litellm_params"].items() if "cost" in name}
    assert told == prices


@pytest.mark.parametrize("vision", [{}, {"vision": False}, {"vision": True}])
def test_a_model_without_eyes_gets_no_picture(vision: dict[str, bool]) -> None:
    tiers = home_lab()["tiers"]
    found = plan(home_lab(tiers={**tiers, "cpu": {**tiers["cpu"], **vision}}))
    (cpu,) = (row for row in found["litellm_models"] if row["model_info"]["tier"] == "cpu")
    assert ("images" in cpu["model_info"]["inference_lacks"]) is not vision.get("vision", False)


def test_the_order_of_tiers_is_the_order_of_fallback() -> None:
    tiers = home_lab()["tiers"]
    turned = {"cpu": tiers["cpu"], "cloud": tiers["cloud"], "gpu": tiers["gpu"]}
    assert plan(home_lab(tiers=turned))["litellm_fallbacks"] == [
        {"qwen3:4b": ["gpt-4o-mini", QWEN]},
        {"gpt-4o-mini": [QWEN]},
    ]


@pytest.mark.parametrize("off", [False, {"enabled": False, "model": "x"}])
def test_a_tier_that_is_off_leaves_no_trace(off: Any) -> None:
    tiers = {**home_lab()["tiers"], "cpu": off}
    found = plan(home_lab(tiers=tiers))
    assert found["ollama_models"] == []
    assert found["litellm_fallbacks"] == [{QWEN: ["gpt-4o-mini"]}, {R1: ["gpt-4o-mini"]}]
    assert "cpu" not in json.dumps(found["tier_map"])


def test_a_site_without_gpus() -> None:
    found = plan({"models": [], "tiers": {"cpu": {"model": "qwen3:4b", "source": "registry.example/q:4b"}}})
    assert found["ollama_models"] == [{"name": "qwen3:4b", "source": "registry.example/q:4b"}]
    assert found["vllm_models"] == []
    assert found["litellm_fallbacks"] == []


def test_the_key_never_enters_a_plan() -> None:
    assert "geheim" not in json.dumps(plan(home_lab()))


def test_a_key_that_lives_elsewhere_is_mentioned() -> None:
    tiers = {**home_lab()["tiers"], "cloud": {"model": "gpt-4o-mini"}}
    assert any("OPENAI_API_KEY" in text for text in plan(home_lab(tiers=tiers))["warnings"])


def test_planning_is_repeatable_and_leaves_its_input_alone() -> None:
    site = home_lab()
    before = copy.deepcopy(site)
    assert json.dumps(plan(site)) == json.dumps(plan(site))
    assert site == before


def test_the_cache_lists_each_repository_once() -> None:
    catalog = {"models": {"qwen-short": {"repository": QWEN, "weights_bytes": 5}}}
    models = [{"name": "qwen3-8b-awq"}, {"name": "qwen-short", "served_name": "short", "mode": "b"}]
    cache = plan(home_lab(models=models, catalog=catalog))["cache"]
    assert [row["repository"] for row in cache["repositories"]] == [QWEN]
    assert cache["bytes"] == cache["repositories"][0]["bytes"] == 6098853561
    assert cache["tokenizers"] == []


def test_tokenizers_of_other_repositories_are_cached_too() -> None:
    assert plan(home_lab())["cache"]["tokenizers"] == [
        {
            "repository": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
            "model": "deepseek-r1-distill-qwen-7b-awq",
        }
    ]


def test_an_engine_asks_for_nothing_that_is_fetched_before() -> None:
    qwen, r1 = plan(home_lab())["vllm_models"]
    row = {"revision": "", "weights": True, "gated": False}
    assert qwen["repositories"] == [{"repository": QWEN, **row}]
    # A tokenizer's repository has another model's weights, which nobody needs.
    tokenizer = {"repository": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", **row, "weights": False}
    assert r1["repositories"] == [{"repository": R1, **row}, tokenizer]
    assert "HF_HUB_OFFLINE" not in qwen["environment"]


@pytest.mark.parametrize(
    "over",
    [
        {"arguments": ["--speculative-config", '{"model": "Qwen/Qwen3-0.6B"}']},
        {"arguments": ["--lora-modules", "sql=org/sql-lora"]},
        {"repository": "/models/local"},
        {"repository": "org/model-GGUF:Q4_K_M"},
    ],
)
def test_an_engine_that_may_need_more_asks_the_hub(over: dict[str, Any]) -> None:
    (model,) = plan(home_lab(models=[{"name": "qwen3-8b-awq", **over}]))["vllm_models"]
    assert model["environment"]["HF_HUB_OFFLINE"] == "0"
    assert bool(model["repositories"]) == ("repository" not in over)


def test_gated_models_name_their_licence_page() -> None:
    site = home_lab(
        models=["llama-3-8b"], hosts=[{"name": "w", "gpus": [{"gpu": "rtx-6000-ada-48gb"}], "pci_ids": []}]
    )
    assert plan(site)["gated"][0]["licence_page"].endswith("/meta-llama/Meta-Llama-3-8B-Instruct")


def test_a_model_may_ask_for_nodes_with_a_label() -> None:
    engine = plan(one(node_selector={"gpu-type": "rtx-6000-ada"}))["vllm_models"][0]
    assert engine["node_selector"] == {"gpu-type": "rtx-6000-ada"}
    assert plan(one())["vllm_models"][0]["node_selector"] == {}


def test_requirements_become_an_annotation() -> None:
    found = plan(one(requirements=["REQ-12", "REQ-7"]))["vllm_models"][0]["annotations"]
    assert found["inference.stack/requirements"] == "REQ-12,REQ-7"


def test_resources_grow_over_the_defaults() -> None:
    found = plan(one(resources={"requests": {"cpu": 2}, "limits": {"memory": "16Gi"}}))["vllm_models"][0]
    assert found["resources"] == {
        "requests": {"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "1"},
        "limits": {"memory": "16Gi", "nvidia.com/gpu": "1"},
    }


def test_replicas_are_carried() -> None:
    hosts = [{"name": "w", "gpus": [{"gpu": "rtx-3060-12gb", "count": 2}]}]
    assert plan(home_lab())["vllm_models"][0]["replicas"] == 1
    found = plan(home_lab(models=[{"name": "qwen3-8b-awq", "replicas": 2}], hosts=hosts))
    assert found["vllm_models"][0]["replicas"] == 2


@pytest.mark.parametrize(
    ("changes", "image", "version"),
    [
        ({"vllm_version": "0.11.0"}, "vllm/vllm-openai:v0.11.0", "0.11.0"),
        ({"vllm_version": "v0.11.0"}, "vllm/vllm-openai:v0.11.0", "0.11.0"),
        (
            {"vllm_version": "", "vllm_image": "reg:5000/v:v0.20.0-cu129"},
            "reg:5000/v:v0.20.0-cu129",
            "0.20.0",
        ),
        ({"vllm_version": "0.11.0", "vllm_image": "reg/v:abc"}, "reg/v:abc", "0.11.0"),
        ({"vllm_version": None, "vllm_image": "reg:5000/v@sha256:ab"}, "reg:5000/v@sha256:ab", ""),
    ],
)
def test_image_and_version(changes: dict[str, Any], image: str, version: str) -> None:
    found = plan(home_lab(**changes))
    assert (found["image"], found["vllm_version"]) == (image, version)
    assert any("release in" in text for text in found["warnings"]) == (not version)


def test_a_site_whose_gpus_are_unknown_is_planned_and_told_so() -> None:
    found = plan(home_lab(hosts=[]))
    assert found["memory"][0]["verdict"] == "unknown"
    assert found["memory"][0]["gpu"] is None
    assert any("No GPU of any host is known" in text for text in found["warnings"])


def test_an_unknown_argument_is_refused() -> None:
    assert "modles: is not an argument" in refusal({**home_lab(), "modles": []})
