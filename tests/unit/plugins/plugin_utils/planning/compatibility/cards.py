"""Hosts by their card and driver, and sites with one of them."""

from __future__ import annotations

from typing import Any

from tests.unit.plugins.plugin_utils.planning.sites import home_lab

GEFORCE, WORKSTATION, DATACENTRE = "rtx-3060-12gb", "rtx-a6000-48gb", "a100-80gb"
SEED_DRIVER = "570.195.03"
SWITCH = {"VLLM_ENABLE_CUDA_COMPATIBILITY": "1"}


def host(gpu: str, driver: str | None = None, found: str | None = None, name: str = "w") -> dict[str, Any]:
    return {"name": name, "gpus": [{"gpu": gpu}], "driver": driver, "driver_found": found}


def small(gpu: str, driver: str | None, version: str, **changes: Any) -> dict[str, Any]:
    """A site whose only open question is whether its image runs."""
    models = [{"name": "qwen3-8b-awq", "environment": changes.pop("environment", {})}]
    return home_lab(models=models, hosts=[host(gpu, driver)], vllm_version=version, **changes)
