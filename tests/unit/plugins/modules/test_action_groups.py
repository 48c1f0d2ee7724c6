"""A group of meta/runtime.yml holds every module that takes its connection options, and no other."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator
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


@functools.cache
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


# What the environment would say otherwise.
ASKED = {"cluster": {"kubeconfig"}, "gateway": {"base_url", "api_key"}}


def tasks_in(node: Any) -> Iterator[dict[str, Any]]:
    """The tasks of a list of tasks, those in blocks included."""
    for task in node or []:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks_in(task.get(part))


def unsaid(path: Path) -> Iterator[str]:
    """Tasks of a playbook or of a role's file that leave it to the environment whom they talk to."""
    document = yaml.safe_load(path.read_text("utf-8"))
    is_playbook = any("hosts" in part for part in document)
    for play in document if is_playbook else [{"tasks": document}]:
        defaults = play.get("module_defaults", {})
        for task in tasks_in(play.get("tasks")):
            for group, names in groups().items():
                said = set(defaults.get(f"group/inference.stack.{group}", {}))
                for name in names:
                    if f"inference.stack.{name}" in task:
                        lacking = ASKED[group] - said - set(task[f"inference.stack.{name}"])
                        yield from (f"{path.name}: {task['name']}: {option}" for option in sorted(lacking))


def test_the_environment_surprises_no_playbook_and_no_role() -> None:
    files = [*ROOT.glob("playbooks/**/*.yml"), *ROOT.glob("roles/*/tasks/*.yml")]
    read = [path for path in files if "vars" not in path.parts]
    assert len(read) > 30
    assert [line for path in read for line in unsaid(path)] == []
