"""What a refusal offers instead is accepted by the rules."""

from __future__ import annotations

import pytest

from tests.unit.plugins.plugin_utils.planning.compatibility.cards import (
    DATACENTRE,
    GEFORCE,
    SEED_DRIVER,
    SWITCH,
    host,
    small,
)
from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan, refusal


def test_the_failure_of_the_seed_is_refused_and_its_way_out_accepted() -> None:
    told = refusal(small(GEFORCE, SEED_DRIVER, "0.15.1"))
    assert told.startswith(
        "inference_vllm_version: vLLM 0.15.1 cannot run on w (GeForce RTX 3060 12GB, driver"
    )
    assert "error 804, forward compatibility was attempted on non supported HW (https://" in told
    assert (
        "Newest that runs there: 0.26.0 (inference_vllm_image: vllm/vllm-openai:v0.26.0-cu129, "
        "without inference_vllm_version), with a reservation; without one 0.11.0." in told
    )
    found = plan(small(GEFORCE, SEED_DRIVER, "0.8.5.post1"))
    assert found["hosts"] == [
        {
            "name": "w",
            "gpus": [{"gpu": GEFORCE, "name": "GeForce RTX 3060 12GB", "count": 1}],
            "driver": SEED_DRIVER,
            "cuda": "12.4.1",
            "verdict": "ok",
            "reasons": [f"driver {SEED_DRIVER} runs CUDA 12.4.1 natively (from 550.54.14 on)"],
        }
    ]
    assert not found["warnings"]


@pytest.mark.parametrize(
    ("gpu", "driver", "version", "environment", "told"),
    [
        (GEFORCE, SEED_DRIVER, "0.20.0", {}, "Or set inference_vllm_image: vllm/vllm-openai:v0.20.0-cu129."),
        (GEFORCE, SEED_DRIVER, "0.20.0", {}, "Or install driver 580.65.06 or newer, and say so in inference"),
        (DATACENTRE, SEED_DRIVER, "0.20.0", {}, 'Or set environment: {VLLM_ENABLE_CUDA_COMPATIBILITY: "1"}'),
        (GEFORCE, SEED_DRIVER, "0.17.0", SWITCH, "Or remove VLLM_ENABLE_CUDA_COMPATIBILITY"),
        (GEFORCE, "580.65.06", "0.15.1", {}, "Newest that runs there: 0.30.0."),
        (GEFORCE, "580.65.06", "0.15.1", {}, "Or install driver 575.51.03 or a later one of its branch"),
        ("v100-16gb", "580.65.06", "0.20.0", {}, "Newest that runs there: 0.19.0."),
        (GEFORCE, "515.65.01", "0.13.0", {}, "No release of the tables runs there with these models."),
    ],
)
def test_a_refusal_names_ways_out_that_the_rules_accept(
    gpu: str, driver: str, version: str, environment: dict[str, str], told: str
) -> None:
    entry = {"name": "mine", "environment": environment}
    mine = {"models": {"mine": {"repository": "me/mine"}}}
    site = home_lab(models=[entry], catalog=mine, hosts=[host(gpu, driver)], vllm_version=version)
    assert told in refusal(site)


def test_what_is_promised_as_a_way_out_is_accepted() -> None:
    image = "vllm/vllm-openai:v0.20.0-cu129"
    found = plan(small(GEFORCE, SEED_DRIVER, "0.20.0", vllm_image=image))
    assert (found["hosts"][0]["verdict"], found["image_verdict"]["cuda"]) == ("warn", "12.9.1")
    found = plan(small(DATACENTRE, SEED_DRIVER, "0.20.0", environment=SWITCH))
    assert found["hosts"][0]["verdict"] == "warn"
    with_switch_on_one = [{"name": "qwen3-8b-awq", "environment": SWITCH}, "qwen2.5-7b-instruct"]
    site = home_lab(
        models=with_switch_on_one, vllm_version="0.20.0", hosts=[host(DATACENTRE, SEED_DRIVER)] * 2
    )
    assert "in every entry of inference_models" in refusal(site)


def test_the_newest_release_is_one_that_loads_the_models() -> None:
    mine = {"models": {"mine": {"repository": "me/mine", "min_vllm": "0.20.0"}}}
    site = home_lab(
        models=["mine"], catalog=mine, vllm_version="0.20.0", hosts=[host("v100-16gb", "580.65.06")]
    )
    assert "No release of the tables runs there with these models." in refusal(site)


def test_a_mirror_of_the_official_image_is_known_and_stays_the_mirror() -> None:
    image = "mirror.lan:5000/vllm/vllm-openai:v0.20.0"
    told = refusal(small(GEFORCE, SEED_DRIVER, "0.20.0", vllm_image=image))
    assert told.startswith("inference_vllm_image: vLLM 0.20.0 cannot run")
    assert "inference_vllm_image: mirror.lan:5000/vllm/vllm-openai:v0.26.0-cu129" in told
