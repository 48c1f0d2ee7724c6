"""A short drill on the real site: the engine's pod is killed under load, and nobody is turned away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal import play


@pytest.fixture
def inventory(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--ansible-inventory"))


def test_nobody_is_turned_away_while_the_engine_is_killed(
    inventory: str, cluster: Any, tmp_path: Path
) -> None:
    """How much later answers are the long drill judges; a hundred of them tell little."""
    output = tmp_path / "drill.json"
    wanted = {
        "drill_way": "kill",
        "drill_requests": 100,
        "drill_first_limit": 2,
        "drill_steady_limit": 2,
        "drill_output": str(output),
    }
    done = play(inventory, "drill", wanted, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:]
    told = json.loads(output.read_text("utf-8"))
    assert told["failures"] == 0
    assert told["requests"] >= 100
    stages = {stage["stage"]: stage for stage in told["stages"]}
    assert stages["without gpu"]["tiers"]["cpu"] >= 10
    assert set(stages["after"]["tiers"]) == {"gpu"}
    assert {stage["streamed"] > 0 for stage in stages.values() if stage["requests"] > 3} == {True}
    assert cluster.kubectl("-n ml get configmap inference-drill --ignore-not-found") == ""
