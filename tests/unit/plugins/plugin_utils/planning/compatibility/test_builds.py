"""What is known of an image, and what somebody tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.planning.compatibility.cards import (
    GEFORCE,
    SEED_DRIVER,
    WORKSTATION,
    small,
)
from tests.unit.plugins.plugin_utils.planning.sites import plan, refusal


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
        ({"vllm_version": "0.27.0"}, "The catalog's next ones are 0.26.0 and 0.28.0. To continue anyway"),
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
    assert message.endswith("To continue anyway, set inference_allow_unknown: true.")
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
