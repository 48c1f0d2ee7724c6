"""What the engines' image takes of a host's disk, as far as the catalog knows it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan, refusal

SIZE = {"compressed_bytes": 9_000_000_000, "unpacked_bytes": 25_000_000_000}


def images(**changes: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = plan(home_lab(**changes))["cache"]["images"]
    return listed


def catalog(**size: Any) -> dict[str, Any]:
    return {"catalog": {"vllm_releases": {"0.8.0": {"image_size": size}}}}


def test_a_host_keeps_it_compressed_and_unpacked() -> None:
    image = "vllm/vllm-openai:v0.8.5.post1"
    assert images(**catalog(**SIZE)) == [{"image": image, "bytes": 34_000_000_000}]
    assert images(vllm_version="", vllm_image=f"mirror.example.com/{image}")[0]["bytes"] > 20_000_000_000


@pytest.mark.parametrize(
    "changes",
    [
        {"vllm_image": "registry.example.com/my/engine:1"},
        {"vllm_image": "vllm/vllm-openai:v0.20.0-cu129", "vllm_version": "", "hosts": []},
        {"vllm_version": "0.9.2"},
        {"models": []},
    ],
)
def test_what_nobody_knows_does_not_count(changes: dict[str, Any]) -> None:
    assert images(**changes) == []


def test_a_size_is_a_number_of_bytes() -> None:
    told = refusal(home_lab(**catalog(unpacked_bytes="25 GB", unpacked_gb=25)))
    assert "image_size.unpacked_bytes: must be a whole number" in told
    assert "image_size.unpacked_gb: is not a known key" in told
