"""What a role removes takes its pods along: the API server's default for a Job leaves them behind."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

TASKS = Path(__file__).resolve().parents[3] / "roles" / "cluster_objects" / "tasks"


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
