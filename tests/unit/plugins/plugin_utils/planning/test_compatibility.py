"""Image, driver and GPU: what runs, what is refused and what is said to be unknown."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.planning import catalog as catalogs
from ansible_collections.inference.stack.plugins.plugin_utils.planning.compatibility.builds import build_of
from ansible_collections.inference.stack.plugins.plugin_utils.planning.compatibility.images import judge_image
from ansible_collections.inference.stack.plugins.plugin_utils.planning.findings import Findings
from ansible_collections.inference.stack.plugins.plugin_utils.planning.plan import work_out
from ansible_collections.inference.stack.plugins.plugin_utils.planning.versions import Driver, Release

from tests.unit.plugins.plugin_utils.planning.sites import RAW, home_lab, plan, refusal

CATALOG = catalogs.build(RAW, None, Findings())
GEFORCE, WORKSTATION, DATACENTRE = "rtx-3060-12gb", "rtx-a6000-48gb", "a100-80gb"
SEED_DRIVER = "570.195.03"
SWITCH = {"VLLM_ENABLE_CUDA_COMPATIBILITY": "1"}


def host(gpu: str, driver: str | None = None, found: str | None = None, name: str = "w") -> dict[str, Any]:
    return {"name": name, "gpus": [{"gpu": gpu}], "driver": driver, "driver_found": found}


def small(gpu: str, driver: str | None, version: str, **changes: Any) -> dict[str, Any]:
    """A site whose only open question is whether its image runs."""
    models = [{"name": "qwen3-8b-awq", "environment": changes.pop("environment", {})}]
    return home_lab(models=models, hosts=[host(gpu, driver)], vllm_version=version, **changes)


@pytest.mark.parametrize(
    ("release", "gpu", "driver", "level", "told"),
    [
        # Natively, and by minor-version compatibility.
        ("0.8.5.post1", GEFORCE, SEED_DRIVER, "ok", "natively (from 550.54.14 on)"),
        ("0.8.5.post1", GEFORCE, "550.54.14", "ok", "natively"),
        ("0.8.5.post1", GEFORCE, "550.54.13", "warn", "PTX"),
        ("0.13.0", GEFORCE, SEED_DRIVER, "warn", "NVIDIA_REQUIRE_CUDA names no card of the class geforce"),
        ("0.13.0", DATACENTRE, SEED_DRIVER, "warn", "can fail"),
        ("0.13.0", WORKSTATION, "525", "warn", "can fail"),
        ("0.30.0", GEFORCE, "580.65.06", "ok", "CUDA 13.0 natively"),
        ("0.30.0", GEFORCE, "580.65.05", "warn", "PTX"),
        # The image's own libraries in the loader's path.
        ("0.15.1", GEFORCE, SEED_DRIVER, "refuse", "error 804"),
        ("0.15.1", WORKSTATION, SEED_DRIVER, "unknown", "has forward compatibility is unknown"),
        ("0.15.1", DATACENTRE, SEED_DRIVER, "warn", "forward compatibility lets"),
        ("0.15.1", DATACENTRE, "515.65.01", "warn", "forward compatibility lets"),
        ("0.15.1", GEFORCE, "575.57.08", "ok", "natively"),
        ("0.15.1", GEFORCE, "580", "refuse", "error 803"),
        ("0.15.1", DATACENTRE, "580.95.05", "refuse", "https://github.com/vllm-project/vllm/pull/33992"),
        # An older major.
        ("0.13.0", GEFORCE, "515.65.01", "refuse", "CUDA 12 needs driver 525 or newer"),
        ("0.13.0", DATACENTRE, "515.65.01", "refuse", "does not reach its compatibility libraries"),
        ("0.20.0", DATACENTRE, SEED_DRIVER, "refuse", "does not reach its compatibility libraries"),
        ("0.20.0", GEFORCE, "579", "refuse", "no forward compatibility either (error 804"),
        # A branch that holds drivers on either side.
        ("0.13.0", GEFORCE, "575", "unknown", "branch 575 may lie on either side"),
        ("0.13.0", GEFORCE, "580", "ok", "natively"),
        # Compute capability, and what the tables do not hold.
        ("0.19.0", "v100-32gb", "580.65.06", "ok", "natively"),
        ("0.20.0", "v100-32gb", "580.65.06", "refuse", "has compute capability 7.0, but vLLM 0.20.0 needs"),
        ("0.20.0", "v100-32gb", None, "refuse", "has compute capability 7.0"),
        ("0.27.0", GEFORCE, "580.65.06", "unknown", "is unknown"),
        ("0.13.0", GEFORCE, None, "warn", "no driver is known"),
        # Cards that are newer than image or driver.
        ("0.8.5.post1", "rtx-5090-32gb", "580.65.06", "refuse", "CUDA 12.4.1 of the image does not know"),
        ("0.9.1", "rtx-5090-32gb", "580.65.06", "unknown", "holds kernels for the compute capability 12.0"),
        ("0.9.1", "b200-180gb", "580.65.06", "ok", "natively"),
        ("0.9.2", "rtx-5090-32gb", "580.65.06", "ok", "natively"),
        (
            "0.13.0",
            "b200-180gb",
            "565.57.01",
            "unknown",
            "B200 came with driver 570.26, and whether the older",
        ),
        ("0.13.0", "b200-180gb", "570", "unknown", "B200 needs driver 570.26, and branch 570 may lie"),
        ("0.20.0", "rtx-5090-32gb", "565.57.01", "refuse", "CUDA 13 needs driver 580"),
    ],
)
def test_a_release_on_a_gpu_under_a_driver(
    release: str, gpu: str, driver: str | None, level: str, told: str
) -> None:
    parsed = Release.parse(release)
    assert parsed
    found = judge_image(
        build_of(parsed, "", CATALOG), CATALOG.gpus[gpu], Driver.parse(driver) if driver else None
    )
    assert (found.level, told in found.reason) == (level, True), found


@pytest.mark.parametrize(
    ("suffix", "gpu", "driver", "asks", "level"),
    [
        ("-cu129", GEFORCE, SEED_DRIVER, False, "warn"),
        ("-cu129", GEFORCE, "580.65.06", False, "ok"),
        ("-cu128", GEFORCE, "580.65.06", False, "unknown"),
        ("", DATACENTRE, SEED_DRIVER, True, "warn"),
        ("", WORKSTATION, SEED_DRIVER, True, "unknown"),
        ("", GEFORCE, SEED_DRIVER, True, "refuse"),
        ("", DATACENTRE, "590.44.01", True, "refuse"),
        ("-cu129", GEFORCE, SEED_DRIVER, True, "refuse"),
    ],
)
def test_variants_of_a_release_and_the_switch_of_its_libraries(
    suffix: str, gpu: str, driver: str, asks: bool, level: str
) -> None:
    build = build_of(Release(0, 20, 0), suffix, CATALOG)
    assert judge_image(build, CATALOG.gpus[gpu], Driver.parse(driver), asks).level == level


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


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"vllm_image": "vllm/vllm-openai:v0.20.0-cu128"},
            "does not know the CUDA of vllm/vllm-openai:v0.20",
        ),
        (
            {"vllm_image": "vllm/vllm-openai@sha256:ab"},
            "does not know the CUDA of vllm/vllm-openai@sha256:ab",
        ),
        ({"vllm_image": "vllm/vllm-openai:latest", "vllm_version": ""}, "release of vllm/vllm-openai:latest"),
        ({"vllm_version": "0.27.0"}, "The catalog's next ones are 0.26.0 and 0.28.0. To go on all the same"),
        (
            {"vllm_version": "0.13.0", "driver": "575"},
            "Give the full version in inference_host_driver, as nvid",
        ),
        ({"vllm_image": "me/vllm:1", "vllm_image_cuda": "14.0"}, "the catalog does not know CUDA 14.0"),
        (
            {"vllm_version": "0.15.1", "gpu": WORKSTATION, "driver": "550.54.14"},
            "whether vLLM 0.15.1 runs on w (RTX A6000, driver 550.54.14) is unknown",
        ),
    ],
)
def test_what_is_unknown_is_refused_until_somebody_allows_it(changes: dict[str, Any], told: str) -> None:
    values = {"gpu": GEFORCE, "driver": "580.65.06", "vllm_version": "0.20.0", **changes}
    site = small(values.pop("gpu"), values.pop("driver"), values.pop("vllm_version"), **values)
    message = refusal(site)
    assert told in message
    assert message.endswith("To go on all the same, set inference_allow_unknown: true.")
    found = plan({**site, "allow_unknown": True})
    assert found["hosts"][0]["verdict"] == "unknown"
    beginning = message[:40]  # the same sentence, without the ways out
    assert any(text.startswith(beginning) for text in found["warnings"])


def test_what_the_user_tells_of_an_image_is_compared() -> None:
    own = small(GEFORCE, SEED_DRIVER, "0.20.0", vllm_image="reg/me/vllm:mine")
    found = plan(own)
    assert found["hosts"][0]["cuda"] is None
    assert [
        text for text in found["warnings"] if "is not vllm/vllm-openai, so CUDA, drivers and GPUs" in text
    ]
    assert plan({**own, "vllm_image_cuda": "12.8"})["hosts"][0]["verdict"] == "ok"
    assert "CUDA 13 needs driver 580" in refusal({**own, "vllm_image_cuda": "13.0"})
    variant = small(GEFORCE, "580.65.06", "0.20.0", vllm_image="vllm/vllm-openai:v0.20.0-cu128")
    assert plan({**variant, "vllm_image_cuda": "12.8"})["hosts"][0]["cuda"] == "12.8"
    gap = small(GEFORCE, SEED_DRIVER, "0.27.0", vllm_image_cuda="13.0", allow_unknown=True)
    assert "CUDA 13 needs driver 580" in refusal(gap)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"vllm_image_cuda": "new"}, "inference_vllm_image_cuda: is 'new'. Name the toolkit of the image"),
        (
            {"vllm_image_cuda": 12.9},
            "inference_vllm_image_cuda: must be text, but is the number 12.9. Put it",
        ),
        (
            {"vllm_image_cuda": "12.9"},
            "inference_vllm_image_cuda: is 12.9, but the catalog says that vLLM 0.8",
        ),
        (
            {"vllm_image": "my image"},
            "inference_vllm_image: is 'my image'. Name an image such as vllm/vllm-op",
        ),
        (
            {"catalog": {"vllm_releases": {"0.40.0": {"last": "0.39.0"}}}},
            "inference_catalog.vllm_releases.0.40.0.last: is 0.39.0, which came before 0.40.0",
        ),
        ({"hosts": [{"name": "w", "gpus": [{"gpu": 5}]}]}, "inference_host_gpus of w[0].gpu: must be text"),
        ({"allow_unknown": "yes"}, "inference_allow_unknown: must be true or false, but is the text 'yes'"),
        ({"litellm_image": 5}, "litellm_image: must be text, but is the number 5"),
        (
            {"vllm_image": "vllm/vllm-openai:v0.20.0"},
            "inference_vllm_version: is 0.8.5.post1, but inference_vllm_image names 0.20.0. Keep one",
        ),
        ({"hosts": [host(GEFORCE, "57x")]}, "inference_host_driver of w: is '57x'. Name a branch such as"),
        (
            {"hosts": [{"name": "w", "driver": 570}]},
            "inference_host_driver of w: must be text, but is the number 570. Put it in quotes",
        ),
        (
            {"catalog": {"gpus": {GEFORCE: {"class": "gforce"}}}},
            "inference_catalog.gpus.rtx-3060-12gb.class: is 'gforce'. Did you mean geforce",
        ),
        (
            {"catalog": {"cuda": {"13.2": {"minimum_driver": "new"}}}},
            "inference_catalog.cuda.13.2.minimum_driver: must be a driver such as",
        ),
        (
            {"catalog": {"vllm_releases": {"0.9.0": {"built_in_by": {"12.0": "new"}}}}},
            "inference_catalog.vllm_releases.0.9.0.built_in_by.12.0: must be a release",
        ),
        (
            {"catalog": {"compute_capabilities": {"13.0": {"since_cuda": "14.0"}}}},
            "inference_catalog.compute_capabilities.13.0: must be keyed by a compute capability and hold",
        ),
        (
            {"catalog": {"kernels": {"awq": {"min_compute_capability": "high"}}}},
            "inference_catalog.kernels.awq.min_compute_capability: must be a compute capability",
        ),
        (
            {"catalog": {"vllm_releases": {"0.40.0": {"cuda": "new"}}}},
            "inference_catalog.vllm_releases.0.40.0.cuda: must be a CUDA toolkit",
        ),
        (
            {"catalog": {"observations": {"mine": {"release": "new", "driver": "570"}}}},
            "inference_catalog.observations.mine.release: must be a release",
        ),
    ],
)
def test_a_mistake_names_its_variable(changes: dict[str, Any], told: str) -> None:
    message = refusal(home_lab(**changes))
    assert told in message
    assert "problems" not in message


def test_a_recorded_failure_warns_with_its_source_and_refuses_nothing() -> None:
    found = plan(small(GEFORCE, SEED_DRIVER, "0.12.0"))
    told = [text for text in found["warnings"] if "Engine core initialization failed" in text]
    assert len(told) == 1
    assert "recorded observation: vLLM 0.12.0 failed on rtx-3060-12gb with driver 570.195.03" in told[0]
    assert "https://github.com/tjetzinger/home-lab" in told[0]
    for other in (small(GEFORCE, "580.65.06", "0.12.0"), small("rtx-3090-24gb", SEED_DRIVER, "0.12.0")):
        assert not [text for text in plan(other)["warnings"] if "recorded observation" in text]


def test_why_the_image_is_allowed_is_told_once_for_hosts_that_are_alike() -> None:
    hosts = [host(GEFORCE, SEED_DRIVER, name=name) for name in ("a", "b", "c", "d", "e")]
    verdict = plan(home_lab(hosts=[*hosts, host(DATACENTRE, "575.57.08", name="z")]))["image_verdict"]
    assert (verdict["image"], verdict["release"], verdict["cuda"], verdict["allowed"]) == (
        "vllm/vllm-openai:v0.8.5.post1",
        "0.8.5.post1",
        "12.4.1",
        True,
    )
    lines = verdict["because"]
    assert lines[0].startswith(f"a, b and 3 more (GeForce RTX 3060 12GB, driver {SEED_DRIVER}): driver 570")
    assert lines[1].startswith("z (A100 80GB, driver 575.57.08): driver 575.57.08 runs CUDA 12.4.1 natively")
    assert "seen to work with driver 570.195.03" in lines[2]
    assert len(lines) == 3


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
    assert any(text.startswith("inference_host_gpus of u: nothing is known") for text in found["warnings"])


def test_a_site_without_gpu_models_is_not_judged() -> None:
    site = home_lab(models=[], vllm_version="0.15.1", hosts=[host(GEFORCE, SEED_DRIVER)])
    assert plan(site)["hosts"][0]["verdict"] == "ok"


@pytest.mark.parametrize("found", [None, "", SEED_DRIVER, "575.57.08", "535.54.03", "not a driver"])
@pytest.mark.parametrize("wanted", [None, "570", SEED_DRIVER])
def test_the_plan_does_not_depend_on_what_is_loaded(wanted: str | None, found: str | None) -> None:
    bare = work_out(home_lab(hosts=[host(GEFORCE, wanted)]), RAW)
    finished = work_out(home_lab(hosts=[host(GEFORCE, wanted, found)]), RAW)
    assert finished.plan == bare.plan


def test_a_loaded_driver_is_judged_where_none_is_wanted() -> None:
    told = refusal(home_lab(vllm_version="0.15.1", hosts=[host(GEFORCE, None, SEED_DRIVER)]))
    assert "error 804" in told
    assert "problems" not in told
    site = home_lab(vllm_version="0.13.0", hosts=[host(GEFORCE, None, SEED_DRIVER)])
    outcome = work_out(site, RAW)
    assert outcome.observed["hosts"][0]["verdict"] == "warn"
    assert "minor-version compatibility" in outcome.observed["warnings"][0]
    assert not [text for text in outcome.plan["warnings"] if SEED_DRIVER in text and "recorded" not in text]
    # Wanted wins: what is loaded will be replaced.
    assert plan(home_lab(vllm_version="0.15.1", hosts=[host(GEFORCE, "575.57.08", SEED_DRIVER)]))


def test_what_the_plan_refused_is_not_refused_again_for_the_loaded_driver() -> None:
    site = home_lab(vllm_version="0.20.0", hosts=[host("v100-32gb", None, SEED_DRIVER)])
    told = refusal({**site, "models": [{"name": "qwen2.5-7b-instruct"}]})
    assert told.count("cannot run on") == 1


@pytest.mark.parametrize(
    ("wanted", "found", "told"),
    [
        ("570", SEED_DRIVER, None),
        (SEED_DRIVER, None, None),
        (SEED_DRIVER, "570.172.08", "driver 570.172.08 is loaded, but 570.195.03 is wanted"),
        ("575", SEED_DRIVER, "driver 570.195.03 is loaded, but 575 is wanted"),
    ],
)
def test_a_loaded_driver_that_is_not_the_wanted_one_is_told(
    wanted: str, found: str | None, told: str | None
) -> None:
    observed = work_out(home_lab(hosts=[host(GEFORCE, wanted, found)]), RAW).observed
    row = observed["hosts"][0]
    assert (row["driver_wanted"], row["driver_found"]) == (wanted, found)
    if told:
        due = f"inference_host_driver of w: {told}: an installation or a reboot is due."
        assert observed["warnings"] == [due]
    else:
        assert observed["warnings"] == []


def test_a_kernel_that_some_cards_cannot_run_is_a_warning_where_others_can() -> None:
    hosts = [host("t4-16gb", "580.65.06", name="t"), host("a100-80gb", "580.65.06", name="a")]
    found = plan(home_lab(hosts=hosts))
    assert any("needs compute capability 8.0, but Tesla T4 (t) has 7.5" in text for text in found["warnings"])
    assert "Choose another model or another GPU" in refusal(home_lab(hosts=hosts[:1]))


def test_a_kernel_outside_the_tables_is_unknown() -> None:
    entry = {"name": "qwen3-8b-awq", "quantization": "awq_marln"}
    told = refusal(home_lab(models=[entry]))
    assert "inference_models[0].quantization: the catalog does not know which GPUs run 'awq_marln'" in told
    assert "Did you mean awq_marlin" in told
    assert plan(home_lab(models=[entry], allow_unknown=True))


def test_a_gpu_of_ones_own_without_a_class_is_unknown_to_the_driver_rules() -> None:
    own = {"gpus": {"mine": {"memory_gib": 24, "compute_capability": "8.6"}}}
    assert plan(small("mine", SEED_DRIVER, "0.13.0", catalog=own))["hosts"][0]["verdict"] == "warn"
    told = refusal(small("mine", SEED_DRIVER, "0.15.1", catalog=own))
    assert "whether mine has forward compatibility is unknown" in told
