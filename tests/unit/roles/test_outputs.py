"""What a role gives to others has a public name, which its README lists; its private names stay its own."""

from __future__ import annotations

import re

import pytest

from tests.unit.roles.test_argument_specs import ROLES, load, outputs, tasks_of

ROOT = ROLES.parent
HOST_ROLES = ["container_toolkit", "k3s", "model_cache"]


@pytest.mark.parametrize("role", HOST_ROLES)
def test_the_readme_says_what_others_may_read(role: str) -> None:
    assert "\n## Outputs\n" in (ROLES / role / "README.md").read_text("utf-8")


@pytest.mark.parametrize("role", HOST_ROLES)
def test_outputs_are_set_by_the_role(role: str) -> None:
    made = {name for path in (ROLES / role / "vars").glob("*.yml") for name in load(path)}
    for _, task in tasks_of(role):
        made |= {str(task.get("register"))} | set(task.get("ansible.builtin.set_fact") or {})
    assert outputs(role) - made == set()


@pytest.mark.parametrize("role", HOST_ROLES)
def test_nobody_else_reads_private_names(role: str) -> None:
    others = [*(ROOT / "playbooks").rglob("*.yml"), *ROLES.rglob("*.yml"), *ROLES.rglob("*.j2")]
    readers = [
        str(path.relative_to(ROOT))
        for path in others
        if ROLES / role not in path.parents and re.search(rf"__{role}_", path.read_text("utf-8"))
    ]
    assert readers == []
