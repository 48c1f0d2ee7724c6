"""The role container_toolkit leaves what a host had before, and does nothing on a finished one."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import ROOT, run_playbook
from tests.unit.plugins.scripted_server import ScriptedServer

VERSION = yaml.safe_load((ROOT / "roles/container_toolkit/vars/main.yml").read_text("utf-8"))[
    "__container_toolkit_release"
]
# One that every host has: check mode asks dpkg for it.
PACKAGE = "dpkg"
NEWER = "1.20.0-1"
SOURCE = "/etc/apt/sources.list.d/nvidia-container-toolkit.sources"
KEY = "/etc/apt/keyrings/nvidia-container-toolkit.asc"
FOREIGN = "/etc/apt/sources.list.d/nvidia-container-toolkit.list"
NAMED_BEFORE = {"other_sources": [FOREIGN], "differing": [KEY, SOURCE], "missing": [KEY, SOURCE]}
# What container_toolkit_info sees of a host that has everything.
FINISHED: dict[str, Any] = {
    "system": {"id": "debian", "version": "13", "family": ["debian"]},
    "driver_found": True,
    "other_sources": [],
    "newer_version": "",
    "packages": {PACKAGE: {"version": VERSION, "held": True}},
    "differing": [],
    "missing": [],
    "toolkit_found": True,
    "config": {"wanted": "", "problem": "", "differs": False},
    "spec": {
        "wanted": "devices: [{name: all}]",
        "problem": "",
        "present": "devices: [{name: all}]",
        "shadows": [],
    },
    "k3s": {"unit": "", "knows_runtime": None, "runtime_found": True},
}


class Machine:
    """A host as the role's look finds it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seen = copy.deepcopy(FINISHED)
        self.inputs: dict[str, Any] = {"container_toolkit_packages": [PACKAGE]}

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
    assert re.search(r"ok=4\s", done.stdout.partition("PLAY RECAP")[2])


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


def test_the_key_is_fetched_through_the_proxy(machine: Machine, server: ScriptedServer) -> None:
    machine.seen |= {"differing": [KEY], "missing": [KEY]}
    machine.inputs |= {
        "container_toolkit_proxy": {"http": f"http://127.0.0.1:{server.port}"},
        "container_toolkit_repository_key_url": "http://key.example/gpgkey",
    }
    machine.play("--tags", "install")
    assert server.paths() == ["http://key.example/gpgkey"]


def test_a_repository_that_somebody_named_before_is_not_named_again(machine: Machine) -> None:
    machine.seen |= {"packages": {}, **NAMED_BEFORE}
    done = machine.play()
    assert changed(done) == ["Say what would be installed"]
    assert "Write the apt source" not in done.stdout and "Download the repository's key" not in done.stdout


def test_a_finished_host_with_a_source_of_its_own_stays_finished(machine: Machine) -> None:
    machine.seen |= NAMED_BEFORE
    done = machine.play()
    assert changed(done) == []
    assert "install |" not in done.stdout


def test_a_source_of_ours_makes_way_for_one_that_came_later(machine: Machine) -> None:
    machine.seen |= {"other_sources": [FOREIGN]}
    done = machine.play()
    # The file is not really there.
    assert "install | Remove the apt source that another one replaces" in done.stdout
    assert "Write the apt source" not in done.stdout


@pytest.mark.parametrize(
    ("installed", "newer", "version", "tasks"),
    [
        (None, "", "", ["Say what would be installed"]),
        ("1.17.8-1", "", "", ["Say what would be installed"]),
        (NEWER, NEWER, "", []),
        (NEWER, NEWER, "1.18.1-1", ["Say what would be installed", "Hold the packages"]),
        (NEWER, NEWER, NEWER, ["Hold the packages"]),
        (NEWER, NEWER, "latest", ["Hold the packages"]),
    ],
    ids=[
        *("nothing there", "older there", "newer is kept", "downgraded by name"),
        *("newer by name", "the newest"),
    ],
)
def test_only_the_inventory_takes_a_newer_version_away(
    machine: Machine, installed: str | None, newer: str, version: str, tasks: list[str]
) -> None:
    found = {PACKAGE: {"version": installed, "held": False}} if installed else {}
    machine.seen |= {"packages": found, "newer_version": newer, **NAMED_BEFORE}
    machine.inputs |= {"container_toolkit_version": version}
    done = machine.play("--tags", "install")
    expected = (
        f"{PACKAGE}=1.18.1-1 and hold them" if version == "1.18.1-1" else f"{PACKAGE}={VERSION} and hold them"
    )
    would = [task for task in changed(done) if task in ("Say what would be installed", "Hold the packages")]
    assert would == (tasks if installed != "1.17.8-1" else [*tasks, "Hold the packages"])
    assert ("Say what would be installed" in tasks) is (expected in done.stdout)


def test_a_second_package_follows_the_newer_one(machine: Machine) -> None:
    found = {PACKAGE: {"version": NEWER, "held": False}}
    machine.seen |= {"packages": found, "newer_version": NEWER, **NAMED_BEFORE}
    machine.inputs |= {"container_toolkit_packages": [PACKAGE, "base"]}
    done = machine.play("--tags", "install")
    assert f"Would install {PACKAGE}={NEWER}, base={NEWER}." in done.stdout


@pytest.mark.parametrize(("mode", "removed"), [("cdi", True), ("auto", False)])
def test_a_stale_description_does_not_hide_the_fresh_one(machine: Machine, mode: str, removed: bool) -> None:
    machine.seen["spec"]["shadows"] = ["/var/run/cdi/nvidia.yaml"]
    machine.inputs |= {"container_toolkit_mode": mode}
    done = machine.play()
    assert done.returncode == 0, done.stdout[-3000:]
    assert ("Remove descriptions that name files which are gone" in done.stdout) is removed


@pytest.mark.parametrize(
    ("system", "version", "family", "words"),
    [
        ("debian", "12", [], ""),
        ("ubuntu", "24.04", ["debian"], ""),
        ("ubuntu", "26.04", ["debian"], "runs ubuntu 26.04, on which nobody tried this role"),
        ("linuxmint", "22.1", ["ubuntu", "debian"], "runs linuxmint 22.1, on which nobody"),
        ("pop", "24.04", ["ubuntu", "debian"], "runs pop 24.04, on which nobody"),
        ("debian", "", [], "runs debian, on which nobody"),
        (
            "fedora",
            "43",
            [],
            "runs fedora 43; this role installs on Debian, Ubuntu and what is made from them",
        ),
        ("", "", [], "runs an unknown system; this role installs"),
    ],
)
def test_what_is_made_from_debian_is_accepted(
    machine: Machine, system: str, version: str, family: list[str], words: str
) -> None:
    machine.seen["system"] = {
        "id": system,
        "version": version,
        "family": [system, *family] if system else [],
    }
    done = machine.play("--tags", "preflight")
    told = " ".join(done.stdout.split())
    assert done.returncode == (2 if "this role installs" in words else 0), done.stdout[-3000:]
    assert words in told
    assert ("Warning" in told) is ("nobody" in words)
