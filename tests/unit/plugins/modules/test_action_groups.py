"""A group of meta/runtime.yml holds every module that takes its connection options, and no other."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.plugins.modules.documented import documented_options

ROOT = Path(__file__).resolve().parents[4]
MODULES = [path.stem for path in sorted((ROOT / "plugins/modules").glob("*.py")) if path.stem != "__init__"]
SHARED = {
    "cluster": {"kubeconfig", "context"},
    "gateway": {"base_url", "api_key", "validate_certs", "ca_path", "tier_map"},
}


def options(name: str) -> dict[str, Any]:
    return documented_options(
        importlib.import_module(f"ansible_collections.inference.stack.plugins.modules.{name}")
    )


def groups() -> dict[str, list[str]]:
    found: dict[str, list[str]] = yaml.safe_load((ROOT / "meta/runtime.yml").read_text("utf-8"))[
        "action_groups"
    ]
    return found


def test_the_groups() -> None:
    assert set(groups()) == set(SHARED)


@pytest.mark.parametrize("group", SHARED)
def test_every_module_of_a_group_takes_its_options(group: str) -> None:
    missing = {name: SHARED[group] - set(options(name)) for name in groups()[group]}
    assert {name: lacking for name, lacking in missing.items() if lacking} == {}


@pytest.mark.parametrize(("group", "variable"), [("cluster", "KUBECONFIG"), ("gateway", "OPENAI_BASE_URL")])
def test_no_module_that_takes_them_from_the_environment_is_missing(group: str, variable: str) -> None:
    taking = [name for name in MODULES if f"E({variable})" in str(options(name))]
    assert sorted(groups()[group]) == taking
