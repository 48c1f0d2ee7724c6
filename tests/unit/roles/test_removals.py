"""What a role removes takes its pods along: the API server's default for a Job leaves them behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[3] / "roles"
TASKS = ROLES / "cluster_objects" / "tasks"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("prune.yml", "prune | Remove objects that left the lists"),
        ("remove.yml", "remove | Remove the objects"),
    ],
)
def test_pods_go_with_what_made_them(file: str, name: str) -> None:
    tasks = {task["name"]: task for task in yaml.safe_load((TASKS / file).read_text("utf-8"))}
    removal = tasks[name]["kubernetes.core.k8s"]
    assert removal["state"] == "absent"
    assert removal["delete_options"]["propagationPolicy"] in ("Background", "Foreground")


def read_by(role: Path, text: str) -> set[str]:
    """The variables of a role that a text reads, also by way of others."""
    known = yaml.safe_load((role / "vars" / "main.yml").read_text("utf-8"))
    found: set[str] = set()
    names = set(re.findall(r"\w+", text))
    while names - found:
        found |= names
        names = set(re.findall(r"\w+", str([known[name] for name in found if name in known])))
    return found


@pytest.mark.parametrize(
    "role", [path.parents[1] for path in ROLES.glob("*/tasks/remove.yml")], ids=lambda role: role.name
)
def test_what_goes_is_not_rendered(role: Path) -> None:
    """A run that only removes renders nothing, so there are no objects to read."""
    text = (role / "tasks" / "remove.yml").read_text("utf-8")
    assert f"{role.name}_objects" not in read_by(role, text)
