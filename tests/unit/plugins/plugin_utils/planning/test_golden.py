"""Figures and verdicts that were known before there was a planner, each derived by hand beside its test."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.planning.sites import GIB, RAW, home_lab, one, plan, refusal

R1 = "deepseek-r1-distill-qwen-7b-awq"
FIVE_PERCENT = 0.05
EXACT = 0.001


def host(gpu: str, count: int = 1, driver: str = "", name: str = "worker") -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "gpus": [{"gpu": gpu, "count": count}]}
    return {**found, "driver": driver} if driver else found


def site(model: str, gpu: str, count: int = 1, driver: str = "", **changes: Any) -> dict[str, Any]:
    """One catalog model on one host. ``changes`` that begin with an underscore go into the model's entry."""
    entry = {"name": model, **{key[1:]: value for key, value in changes.items() if key.startswith("_")}}
    rest = {key: value for key, value in changes.items() if not key.startswith("_")}
    return home_lab(
        **{"models": [entry], "hosts": [host(gpu, count, driver)], "vllm_version": "0.11.0", **rest}
    )


def memory_of(wanted: dict[str, Any]) -> dict[str, Any]:
    (row,) = plan(wanted)["memory"]
    return dict(row)


def spent(row: dict[str, Any]) -> int:
    """Everything that the engine takes on one GPU beside the cache."""
    parts = ("weights_bytes", "context_bytes", "activations_bytes", "graphs_bytes")
    return sum(row[part] for part in parts)


def warnings_of(wanted: dict[str, Any]) -> str:
    return "\n".join(plan(wanted)["warnings"])


# --- Memory ---------------------------------------------------------------------------------------------


def test_qwen3_on_the_home_lab_card() -> None:
    # 12 GiB x 0.90 = 10.8 GiB (nvidia-smi read 10,820 MiB = 10.57 GiB on that card). Less 5.68 GiB of weights
    # and about 1 GiB beside them, 4.1 GiB are left. A token takes 2 x 36 layers x 8 heads x 128 x 2 bytes =
    # 144 KiB: 30,000 tokens, 3.6 times 8,192.
    row = memory_of(one(max_model_len=8192, gpu_memory_utilization=0.90))
    assert row["requested_bytes"] / GIB == pytest.approx(10.8, rel=FIVE_PERCENT)
    assert row["requested_bytes"] / 1024**2 == pytest.approx(10_820, rel=FIVE_PERCENT)
    assert row["weights_bytes"] / GIB == pytest.approx(5.68, rel=EXACT)
    assert row["kv_bytes_per_token"] == 144 * 1024
    assert row["kv_tokens"] == pytest.approx(30_000, rel=FIVE_PERCENT)
    assert row["concurrency"] == pytest.approx(3.6, rel=FIVE_PERCENT)
    assert row["verdict"] == "fits"


def test_the_parts_of_the_budget_add_up() -> None:
    row = memory_of(one())
    assert spent(row) + row["kv_bytes"] == pytest.approx(row["requested_bytes"], abs=1024)
    assert row["requested_bytes"] + row["free_bytes"] == pytest.approx(row["total_bytes"], abs=1024)


def test_r1_distill_loads_in_5_2_and_needs_8_5_with_its_cache() -> None:
    # Seen on the card: about 5.2 GB loaded, 8.5 GB with its cache. An engine takes what it is allowed, so
    # 8.5 GB is a share of 8.5 / 12 = 0.708. Then 8.5 - 5.19 - about 1 = 2.3 GiB hold 43,000 tokens at 56 KiB:
    # 5 contexts.
    row = memory_of(one(name=R1, gpu_memory_utilization=0.7083, max_model_len=8192))
    assert row["weights_bytes"] / GIB == pytest.approx(5.2, rel=FIVE_PERCENT)
    assert row["requested_bytes"] / GIB == pytest.approx(8.5, rel=FIVE_PERCENT)
    assert (spent(row) + row["kv_bytes"]) / GIB == pytest.approx(8.5, rel=FIVE_PERCENT)
    assert row["kv_bytes_per_token"] == 56 * 1024
    assert row["kv_tokens"] == pytest.approx(43_000, rel=0.1)
    assert 4 < row["concurrency"] < 6
    assert row["verdict"] == "fits"


def test_r1_distill_has_more_room_at_the_catalog_s_own_share() -> None:
    row = memory_of(one(name=R1))
    assert row["requested_bytes"] / GIB == pytest.approx(10.8, rel=FIVE_PERCENT)
    assert row["verdict"] == "fits"


def test_r1_distill_is_promised_a_speed_that_was_seen() -> None:
    # About 55 tok/s were seen on the RTX 3060. A floor is a promise: at or below that, and not far off.
    floor = RAW["models"][R1]["floor_tokens_per_second"].get("rtx-3060-12gb")
    assert floor is not None and 27 <= floor <= 55


@pytest.mark.parametrize("gpu", ["a100-80gb", "h100-80gb"])
def test_gpt_oss_120b_fits_one_card_of_80_gb(gpu: str) -> None:
    # 72 GiB requested - 64.7 - at most 3.2 beside them = at least 4.1 GiB: 59,000 tokens at 72 KiB, 32,768
    # wanted. The smaller size that a driver reports (81,559 MiB) costs 0.3 GiB of that.
    row = memory_of(site("gpt-oss-120b", gpu, _max_model_len=32768))
    assert row["gpus"] == 1
    assert row["weights_bytes"] / GIB == pytest.approx(64.7, rel=EXACT)
    assert row["verdict"] == "fits"


@pytest.mark.parametrize("gpu", ["a40-48gb", "rtx-a6000-48gb", "l40s-48gb", "rtx-6000-ada-48gb"])
@pytest.mark.parametrize("count", [1, 2])
def test_gpt_oss_120b_is_refused_on_48_gb_and_told_the_size_that_fits(gpu: str, count: int) -> None:
    # 43.2 GiB requested < 64.7. On two cards each holds 32.4, and 43.2 - 32.4 - at most 3.2 = 7.6 GiB stay.
    told = refusal(site("gpt-oss-120b", gpu, count, _gpus=1))
    assert re.search(r"(gpus|tensor.parallel).{0,20}\b2\b", told, re.IGNORECASE), told
    assert gpu in told and "gpt-oss-120b" in told


def test_gpt_oss_120b_fits_two_cards_of_48_gb() -> None:
    assert memory_of(site("gpt-oss-120b", "a40-48gb", 2, _gpus=2))["verdict"] == "fits"
    assert memory_of(site("gpt-oss-120b", "a40-48gb", 2, _gpus="auto"))["gpus"] == 2


def test_gpt_oss_120b_serves_4_to_8_users_at_32k_on_an_a100() -> None:
    # Recorded for a site with the 8-bit cache: 4.1 GiB or more at 36 KiB per token = 119,000 tokens or more.
    row = memory_of(site("gpt-oss-120b", "a100-80gb", _max_model_len=32768, _kv_cache_dtype="fp8"))
    assert row["kv_bytes_per_token"] == 36 * 1024
    assert 3.6 <= row["concurrency"] <= 8


# --- The smallest card that a site accepts --------------------------------------------------------------


def reporting(mib: int) -> dict[str, Any]:
    return {"gpus": {"h100-80gb": {"memory_mib": mib}}}


def test_an_80_gb_card_passes_80_whatever_its_driver_reports() -> None:
    wanted = site("gpt-oss-120b", "h100-80gb", catalog=reporting(81_559), min_gpu_memory_gb=80)
    assert memory_of(wanted)["verdict"] == "fits"


def test_an_80_gb_card_does_not_pass_81() -> None:
    told = refusal(site("gpt-oss-120b", "h100-80gb", catalog=reporting(81_559), min_gpu_memory_gb=81))
    assert "llm_min_gpu_memory_gb" in told
    assert "81" in told and "80" in told


def test_a_smaller_card_beside_it_is_told_and_gets_no_model() -> None:
    hosts = [host("a100-80gb", 2, name="big"), host("a100-40gb", 2, name="small")]
    found = plan(home_lab(hosts=hosts, min_gpu_memory_gb=80))
    assert any("llm_min_gpu_memory_gb" in text and "A100 40GB" in text for text in found["warnings"])
    assert {row["host"] for row in found["placement"]} == {"big"}


def test_zero_accepts_every_card() -> None:
    assert plan(home_lab(min_gpu_memory_gb=0)) == plan(home_lab())
    assert "llm_min_gpu_memory_gb" in refusal(home_lab(min_gpu_memory_gb=80))


# --- The number of cards --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gpu", "cards"),
    [
        # 131.4 GiB of weights, 320 KiB per token = 2.5 GiB for 8,192 tokens, up to 3.2 GiB more on each card.
        # Requested at 0.90: 72 GiB of 80, 43.2 of 48, 21.6 of 24.
        ("a100-80gb", 2),  # 131.4 > 72; 131.4 / 2 + 3.2 + 1.25 = 70.2
        ("h100-80gb", 2),
        ("a40-48gb", 4),  # 65.7 > 43.2; 131.4 / 4 + 3.2 + 0.6 = 36.7
        ("rtx-6000-ada-48gb", 4),
        ("rtx-4090-24gb", 8),  # 32.9 > 21.6; 131.4 / 8 + 3.2 + 0.3 = 19.9
        ("rtx-3090-24gb", 8),
        ("h200-141gb", 2),  # 126.9 requested < 131.4
    ],
)
def test_llama_70b_gets_its_number_of_cards(gpu: str, cards: int) -> None:
    wanted = site("llama-3.1-70b", gpu, 8, _gpus="auto", _gpu_memory_utilization=0.90, _max_model_len=8192)
    found = plan(wanted)
    assert [row["gpus"] for row in found["memory"]] == [cards]
    assert found["memory"][0]["verdict"] == "fits"
    engine = found["vllm_models"][0]
    assert engine["gpus"] == cards
    assert engine["resources"]["limits"]["nvidia.com/gpu"] == str(cards)
    words = engine["arguments"]
    assert words[words.index("--tensor-parallel-size") + 1] == str(cards)


@pytest.mark.parametrize(("gpu", "count", "needed"), [("a100-80gb", 1, 2), ("a40-48gb", 2, 4)])
def test_llama_70b_is_refused_where_the_host_has_too_few_cards(gpu: str, count: int, needed: int) -> None:
    told = refusal(site("llama-3.1-70b", gpu, count, _gpus="auto", _gpu_memory_utilization=0.90))
    assert "llama-3.1-70b" in told
    assert re.search(rf"\b{needed}\b", told), told


# --- Image, driver and GPU ------------------------------------------------------------------------------

SEED_DRIVER = "570.195.03"


def on_the_3060(version: str, driver: str = SEED_DRIVER, **changes: Any) -> dict[str, Any]:
    return site("qwen3-8b-awq", "rtx-3060-12gb", driver=driver, vllm_version=version, **changes)


def test_what_the_seed_saw_on_driver_570() -> None:
    # CUDA 12.9 of the image wants driver 575.51; 0.14 to 0.16 put their compat libraries before the driver's.
    told = refusal(on_the_3060("0.15.1"))
    assert re.search(r"804|forward compatibility", told), told
    assert "570.195.03" in told and "0.15.1" in told and "3060" in told
    assert told.startswith("inference_vllm_version: "), told
    # CUDA 12.4 of this one wants 550.54: native.
    accepted = plan(on_the_3060("0.8.5.post1"))
    assert [row["verdict"] for row in accepted["hosts"]] == ["ok"]


@pytest.mark.parametrize("driver", ["560.35.03", "550.144.03", "535.183.01"])
def test_driver_570_is_not_a_rule_of_its_own(driver: str) -> None:
    assert re.search(r"804|forward compatibility", refusal(on_the_3060("0.15.1", driver)))


@pytest.mark.parametrize("version", ["0.10.2", "0.11.0"])
def test_570_runs_more_than_0_8_5(version: str) -> None:
    # CUDA 12.8 wants 570.26, so these images are native there.
    assert plan(on_the_3060(version))["hosts"][0]["verdict"] == "ok"


@pytest.mark.parametrize("version", ["0.13.0", "0.17.0", "0.19.0"])
def test_570_runs_12_9_beside_the_window_with_a_warning(version: str) -> None:
    found = plan(on_the_3060(version))
    assert found["hosts"][0]["verdict"] == "warn"
    assert found["hosts"][0]["reasons"]


def test_the_window_refuses_a_driver_that_is_too_new() -> None:
    # The other end: compat libraries of 12.9 in front of a newer driver end in error 803, on any card.
    for gpu in ("rtx-3060-12gb", "a100-80gb"):
        told = refusal(site("qwen3-8b-awq", gpu, driver="580.95.05", vllm_version="0.15.1"))
        assert "803" in told and "580.95.05" in told


@pytest.mark.parametrize("driver", [SEED_DRIVER, "575.64.03"])
def test_0_20_on_a_geforce_needs_580_or_the_cu129_image(driver: str) -> None:
    told = refusal(on_the_3060("0.20.0", driver))
    assert "cu129" in told
    assert re.search(r"804|forward compatibility", told)
    chosen = on_the_3060("0.20.0", driver, vllm_image="vllm/vllm-openai:v0.20.0-cu129")
    # 12.9 is native from 575.51 on, and runs through minor-version compatibility before.
    assert plan(chosen)["hosts"][0]["verdict"] == ("warn" if driver == SEED_DRIVER else "ok")
    mirrored = {**chosen, "vllm_image": "registry.example:5000/vllm/vllm-openai:v0.20.0-cu129"}
    assert plan(mirrored)["hosts"][0]["verdict"] == plan(chosen)["hosts"][0]["verdict"]
    assert plan(on_the_3060("0.20.0", "580.95.05"))["hosts"][0]["verdict"] == "ok"


def test_v100_is_refused_from_0_20_on() -> None:
    def on_a_v100(version: str) -> dict[str, Any]:
        return site("mistral-7b", "v100-32gb", driver="580.95.05", vllm_version=version, _dtype="half")

    assert plan(on_a_v100("0.19.0"))["hosts"][0]["verdict"] == "ok"
    for version in ("0.20.0", "0.26.0", "0.30.0"):
        told = refusal(on_a_v100(version))
        assert "7.0" in told and "7.5" in told
        # 12.9 of 0.19.0 is native on 580, and the range asks for 7.0 only.
        assert "0.19.0" in told


@pytest.mark.parametrize(
    ("version", "gpu", "driver", "newest"),
    [
        # 13.0 is a major ahead of 570 and 575. The cu129 image of 0.26.0 is 12.9: minor version or native.
        ("0.15.1", "rtx-3060-12gb", SEED_DRIVER, "0.26.0-cu129"),
        ("0.20.0", "rtx-3060-12gb", "575.64.03", "0.26.0-cu129"),
        ("0.30.0", "rtx-3060-12gb", "575.64.03", "0.26.0-cu129"),
        # A driver that is too new for the window's images is new enough for all others.
        ("0.16.0", "rtx-3060-12gb", "580.95.05", "0.30.0"),
        ("0.14.0", "a100-80gb", "580.95.05", "0.30.0"),
        ("0.20.0", "a100-80gb", SEED_DRIVER, "0.26.0-cu129"),
    ],
)
def test_a_refusal_names_the_newest_release_that_runs(
    version: str, gpu: str, driver: str, newest: str
) -> None:
    told = refusal(site("qwen3-8b-awq", gpu, driver=driver, vllm_version=version))
    assert newest in told


def test_a_refusal_says_when_no_release_runs() -> None:
    # 470 is a major before every image's CUDA, and a GeForce has no forward compatibility.
    told = refusal(on_the_3060("0.15.1", "470.256.02"))
    assert re.search(r"\bno\b.* release|\bnone\b", told, re.IGNORECASE), told


def test_a_newer_release_that_the_model_cannot_use_is_not_named() -> None:
    # Driver and card could run 0.26.0-cu129, but a model that begins with 0.31 has no release in the tables.
    catalog = {"models": {"qwen3-8b-awq": {"min_vllm": "0.31.0"}}}
    told = refusal(on_the_3060("0.15.1", catalog=catalog))
    assert "Newest that runs there: 0" not in told


def test_0_12_on_the_3060_warns_with_its_source() -> None:
    told = plan(on_the_3060("0.12.0"))["warnings"]
    (line,) = [text for text in told if "observed" in text or "recorded" in text]
    assert "0.12.0" in line and "3060" in line
    assert "https://" in line or "source" in line


def test_the_found_driver_decides_where_none_is_wanted() -> None:
    found = on_the_3060("0.15.1", "")
    found["hosts"][0]["driver_found"] = SEED_DRIVER
    assert re.search(r"804|forward compatibility", refusal(found))
    # The driver that the host shall have wins: that is the plan of the finished host.
    found["hosts"][0]["driver"] = "575.64.03"
    assert plan(found) == plan(on_the_3060("0.15.1", "575.64.03"))


@pytest.mark.parametrize("driver", ["", "535.183.01", "580.95.05"])
def test_a_driver_that_was_found_leaves_the_plan_as_it_was(driver: str) -> None:
    # The plan of a bare host is that of the finished one. 535 would be a warning, 580 native.
    bare, finished = on_the_3060("0.11.0", ""), on_the_3060("0.11.0", "")
    finished["hosts"][0]["driver_found"] = driver
    assert plan(finished) == plan(bare)


# --- The gateway's releases -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/berriai/litellm:v1.82.7",
        "ghcr.io/berriai/litellm:1.82.8",
        "ghcr.io/berriai/litellm:main-v1.82.8-stable",
        "registry.example:5000/berriai/litellm:v1.82.7@sha256:" + "0" * 64,
    ],
)
def test_a_banned_gateway_is_refused(image: str) -> None:
    told = refusal(home_lab(litellm_image=image))
    assert told.startswith("litellm_image: "), told
    assert "1.82.7" in told or "1.82.8" in told
    assert "compromised" in told and "24512" in told


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/berriai/litellm:v1.109.0",
        "ghcr.io/berriai/litellm:v1.182.7",
        "ghcr.io/berriai/litellm:v11.82.7",
        "registry.example:5000/litellm@sha256:" + "0" * 64,
        "",
    ],
)
def test_other_gateways_are_not(image: str) -> None:
    assert plan(home_lab(litellm_image=image))["vllm_models"]
