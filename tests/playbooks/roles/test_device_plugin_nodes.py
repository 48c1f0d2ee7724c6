"""Which nodes the role device_plugin says offer no GPU, of what was seen at first and after the wait."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import ROOT, run_playbook

SEEN = {"gpu": "no device plugin has registered nvidia.com/gpu there"}
FIRST_LOOK = {"owners": {"device-plugin": {"node_resource": {"offering": {}, "lacking": SEEN}}}}


@pytest.mark.parametrize(
    ("known", "lacking"),
    [
        ({}, {}),
        ({"cluster_objects_result": FIRST_LOOK}, SEEN),
        # The wait has nothing to do, or check mode leaves it out.
        ({"cluster_objects_result": FIRST_LOOK, "__device_plugin_offers": {"skipped": True}}, SEEN),
        # What was lacking at first has come.
        ({"cluster_objects_result": FIRST_LOOK, "__device_plugin_offers": {"lacking": {}}}, {}),
        (
            {"cluster_objects_result": FIRST_LOOK, "__device_plugin_offers": {"lacking": {"b": "x"}}},
            {"b": "x"},
        ),
    ],
)
def test_the_newest_look_counts(tmp_path: Path, known: dict[str, Any], lacking: dict[str, str]) -> None:
    playbook = tmp_path / "show.yml"
    write = {
        "name": "Write",
        "ansible.builtin.copy": {
            "content": "{{ __device_plugin_lacking | to_json }}",
            "dest": str(tmp_path / "lacking.json"),
            "mode": "0644",
        },
    }
    play = {
        "name": "Show",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars_files": [str(ROOT / "roles/device_plugin/vars/main.yml")],
        "tasks": [write],
    }
    playbook.write_text(yaml.safe_dump([play]))
    done = run_playbook(playbook, variables=known)
    assert done.returncode == 0, done.stdout
    assert json.loads((tmp_path / "lacking.json").read_text("utf-8")) == lacking
