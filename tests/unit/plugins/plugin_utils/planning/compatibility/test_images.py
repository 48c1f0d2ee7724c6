"""One image on one GPU under one driver."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog import catalog
from ansible_collections.inference.stack.plugins.plugin_utils.planning.compatibility.builds import build_of
from ansible_collections.inference.stack.plugins.plugin_utils.planning.compatibility.images import judge_image
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.findings import Findings
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.versions import Driver, Release

from tests.unit.plugins.plugin_utils.planning.compatibility.cards import (
    DATACENTRE,
    GEFORCE,
    SEED_DRIVER,
    WORKSTATION,
    small,
)
from tests.unit.plugins.plugin_utils.planning.sites import RAW, plan, refusal

CATALOG = catalog.build(RAW, None, Findings())


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
        ("0.13.0", GEFORCE, "575", "unknown", "branch 575 has older and newer releases"),
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
        ("0.13.0", "b200-180gb", "570", "unknown", "B200 needs driver 570.26, and branch 570 has older"),
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


def test_a_gpu_of_ones_own_without_a_class_is_unknown_to_the_driver_rules() -> None:
    own = {"gpus": {"mine": {"memory_gib": 24, "compute_capability": "8.6"}}}
    assert plan(small("mine", SEED_DRIVER, "0.13.0", catalog=own))["hosts"][0]["verdict"] == "warn"
    told = refusal(small("mine", SEED_DRIVER, "0.15.1", catalog=own))
    assert "whether mine has forward compatibility is unknown" in told
