"""Numbers of GPUs, card sizes and the lines of a model's memory."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, one, option, plan, refusal


def on(gpu: str, count: int, model: dict[str, Any], **changes: Any) -> dict[str, Any]:
    hosts = [{"name": "w", "gpus": [{"gpu": gpu, "count": count}]}]
    return home_lab(models=[model], hosts=hosts, vllm_version="0.10.2", **changes)


def test_the_lines_of_memory_add_up() -> None:
    row = plan(one())["memory"][0]
    spent = sum(row[f"{part}_bytes"] for part in ("weights", "context", "activations", "graphs", "kv"))
    assert spent == row["requested_bytes"]
    assert row["requested_bytes"] + row["free_bytes"] == row["total_bytes"]
    assert row["kv_tokens"] == row["kv_bytes"] // row["kv_bytes_per_token"]


@pytest.mark.parametrize(
    ("gpu", "count", "gpus"), [("h100-80gb", 8, 2), ("rtx-a6000-48gb", 8, 4), ("rtx-4090-24gb", 8, 8)]
)
def test_auto_takes_as_few_gpus_as_hold_the_model(gpu: str, count: int, gpus: int) -> None:
    found = plan(on(gpu, count, {"name": "llama-3.1-70b", "gpus": "auto"}))
    assert found["memory"][0]["gpus"] == gpus
    engine = found["vllm_models"][0]
    assert engine["gpus"] == gpus
    assert option(engine["arguments"], "--tensor-parallel-size") == str(gpus)


def test_auto_says_how_many_would_do() -> None:
    told = refusal(on("rtx-a6000-48gb", 2, {"name": "llama-3.1-70b", "gpus": "auto"}))
    assert "Or spread it over cards of one host: gpus: 4 (rtx-a6000-48gb)." in told


def test_auto_without_known_gpus_is_one_and_said() -> None:
    found = plan(one(gpus="auto") | {"hosts": []})
    assert found["vllm_models"][0]["gpus"] == 1
    assert any("gpus: auto of qwen3-8b-awq was taken for 1" in text for text in found["warnings"])


def test_heads_that_cannot_be_shared() -> None:
    told = refusal(on("a100-80gb", 8, {"name": "qwen3-8b-awq", "gpus": 3, "attention_heads": 32}))
    assert (
        "inference_models[0].gpus: the 32 attention heads of qwen3-8b-awq cannot be shared by 3 GPUs" in told
    )
    assert "Choose one of 1, 2, 4, 8, 16, or auto." in told


@pytest.mark.parametrize(("least", "passes"), [(0, True), (80, True), (81, False)])
def test_the_nominal_size_of_a_card_counts(least: int, passes: bool) -> None:
    # The driver reports 81,559 MiB for this card of 80 GB, which is less than 80 GiB.
    site = on("h100-80gb", 1, {"name": "gpt-oss-120b"}, min_gpu_memory_gb=least)
    if passes:
        assert plan(site)["memory"][0]["verdict"] == "fits"
    else:
        assert "llm_min_gpu_memory_gb: is 81 GB, but H100 80GB has 80 GB" in refusal(site)


def test_one_small_card_beside_a_big_one_is_a_warning() -> None:
    hosts = [
        {"name": "a", "gpus": [{"gpu": "a100-80gb"}]},
        {"name": "b", "gpus": [{"gpu": "rtx-3060-12gb"}]},
    ]
    warnings = plan(one() | {"hosts": hosts, "min_gpu_memory_gb": 80})["warnings"]
    assert "llm_min_gpu_memory_gb is 80 GB, but GeForce RTX 3060 12GB has 12 GB." in warnings
