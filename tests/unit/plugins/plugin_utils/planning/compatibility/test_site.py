"""Which of the rules' answers a site hears, and how loudly."""

from __future__ import annotations

from tests.unit.plugins.plugin_utils.planning.compatibility.cards import (
    GEFORCE,
    SEED_DRIVER,
    host,
    small,
)
from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan


def test_a_recorded_failure_warns_with_its_source_and_refuses_nothing() -> None:
    found = plan(small(GEFORCE, SEED_DRIVER, "0.12.0"))
    told = [text for text in found["warnings"] if "Engine core initialization failed" in text]
    assert len(told) == 1
    assert "recorded observation: vLLM 0.12.0 failed on rtx-3060-12gb with driver 570.195.03" in told[0]
    assert "https://github.com/tjetzinger/home-lab" in told[0]
    for other in (small(GEFORCE, "580.65.06", "0.12.0"), small("rtx-3090-24gb", SEED_DRIVER, "0.12.0")):
        assert not [text for text in plan(other)["warnings"] if "recorded observation" in text]


def test_without_a_wanted_driver_the_plan_says_so_and_goes_on() -> None:
    found = plan(home_lab(hosts=[host(GEFORCE)]))
    assert found["hosts"][0]["verdict"] == "warn"
    assert (
        "inference_host_driver of w: is not set, so driver and CUDA were not compared." in found["warnings"]
    )


def test_hosts_without_known_gpus_are_told_and_not_refused() -> None:
    unknown = {"name": "u", "driver": SEED_DRIVER}
    found = plan(home_lab(hosts=[host(GEFORCE, SEED_DRIVER), unknown]))
    assert [row["verdict"] for row in found["hosts"]] == ["ok", "unknown"]
    assert any(text.startswith("inference_host_gpus of u: the GPUs there") for text in found["warnings"])


def test_a_site_without_gpu_models_is_not_judged() -> None:
    site = home_lab(models=[], vllm_version="0.15.1", hosts=[host(GEFORCE, SEED_DRIVER)])
    assert plan(site)["hosts"][0]["verdict"] == "ok"
