"""Hosts that are alike are judged and told once."""

from __future__ import annotations

from tests.unit.plugins.plugin_utils.planning.compatibility.cards import (
    DATACENTRE,
    GEFORCE,
    SEED_DRIVER,
    host,
)
from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan


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
