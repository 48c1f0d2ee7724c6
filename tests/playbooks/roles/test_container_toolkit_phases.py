"""The role container_toolkit leaves what a host had before, and does nothing on a finished one."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.playbook_run import run_playbook

VERSION = "1.18.2-1"
SOURCE = "/etc/apt/sources.list.d/nvidia-container-toolkit.sources"
KEY = "/etc/apt/keyrings/nvidia-container-toolkit.asc"
FOREIGN = "/etc/apt/sources.list.d/nvidia-container-toolkit.list"
# What container_toolkit_info sees of a host that has everything.
FINISHED: dict[str, Any] = {
    "system": {"id": "debian", "version": "13"},
    "driver_found": True,
    "other_sources": [],
    "packages": {"toolkit": {"version": VERSION, "held": True}},
    "differing": [],
    "missing": [],
    "toolkit_found": True,
    "config": {"wanted": "", "problem": "", "differs": False},
    "spec": {"wanted": "devices: [{name: all}]", "problem": "", "present": "devices: [{name: all}]"},
    "k3s": {"unit": "", "knows_runtime": None, "runtime_found": True},
}


class Machine:
    """A host as the role's look finds it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seen = copy.deepcopy(FINISHED)
        self.inputs: dict[str, Any] = {
            "container_toolkit_packages": ["toolkit"],
            "container_toolkit_version": VERSION,
        }

    def play(self, *words: str) -> subprocess.CompletedProcess[str]:
        role = {"name": "inference.stack.container_toolkit"}
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "tasks": [{"ansible.builtin.import_role": role}],
        }
        playbook = self._folder / "play.yml"
        playbook.write_text(json.dumps([play]))
        # Extra variables win over what a task registers.
        variables = {
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "__container_toolkit_seen": self.seen,
            **self.inputs,
        }
        return run_playbook(playbook, "--check", *words, variables=variables)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def changed(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The tasks that would change something."""
    assert done.returncode == 0, done.stdout[-3000:]
    parts = done.stdout.partition("PLAY RECAP")[0].split("TASK [")[1:]
    return [part.partition("]")[0].rpartition(" | ")[2] for part in parts if "\nchanged:" in part]


def test_a_finished_host_is_looked_at_and_nothing_else(machine: Machine) -> None:
    done = machine.play()
    assert changed(done) == []
    assert re.search(r"ok=3\s", done.stdout.partition("PLAY RECAP")[2])


@pytest.mark.parametrize("tag", ["observe", "preflight", "install", "configure", "run"])
def test_each_phase_is_safe_alone(machine: Machine, tag: str) -> None:
    done = machine.play("--tags", tag)
    assert changed(done) == []
    assert "observe | Look at what is there" in done.stdout


def test_a_host_without_the_repository_gets_one(machine: Machine) -> None:
    machine.seen |= {"packages": {}, "differing": [KEY, SOURCE], "missing": [KEY, SOURCE]}
    # Nobody downloads in check mode what has no folder yet.
    machine.seen["differing"].append(str(Path(KEY).parent))
    machine.seen["missing"].append(str(Path(KEY).parent))
    assert "Write the apt source" in changed(machine.play())


def test_a_repository_that_somebody_named_before_is_not_named_again(machine: Machine) -> None:
    machine.seen |= {
        "packages": {},
        "other_sources": [FOREIGN],
        "differing": [KEY, SOURCE],
        "missing": [KEY, SOURCE],
    }
    done = machine.play()
    assert changed(done) == ["Say what would be installed"]
    assert "Write the apt source" not in done.stdout and "Download the repository's key" not in done.stdout


def test_a_finished_host_with_a_source_of_its_own_stays_finished(machine: Machine) -> None:
    machine.seen |= {"other_sources": [FOREIGN], "differing": [KEY, SOURCE], "missing": [KEY, SOURCE]}
    done = machine.play()
    assert changed(done) == []
    assert "install |" not in done.stdout


def test_a_source_of_ours_makes_way_for_one_that_came_later(machine: Machine) -> None:
    machine.seen |= {"other_sources": [FOREIGN]}
    done = machine.play()
    # The file is not really there.
    assert "install | Remove the apt source that another one replaces" in done.stdout
    assert "Write the apt source" not in done.stdout
