"""The firewall of a host: compared with what k3s needs, opened where the site says so, and closed again."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import ROOT, run_playbook
from tests.playbooks.roles.k3s_machine import Machine, finished_host, recap


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return finished_host(tmp_path)


UFW = ["ufw allow 8472/udp", "ufw allow from 10.42.0.0/16 to any"]
FIREWALLD = [
    "firewall-cmd --permanent --add-port=8472/udp",
    "firewall-cmd --permanent --zone=trusted --add-source=10.42.0.0/16",
    "firewall-cmd --reload",
]
CLOSED = {
    "ufw": ["ufw delete allow 8472/udp", "ufw delete allow from 10.42.0.0/16 to any"],
    "firewall-cmd": [
        "firewall-cmd --permanent --remove-port=8472/udp",
        "firewall-cmd --permanent --zone=trusted --remove-source=10.42.0.0/16",
        "firewall-cmd --reload",
    ],
}


class Firewall:
    """A firewall's program that notes how it is called, and a host whose look finds rules missing."""

    def __init__(self, machine: Machine, folder: Path, missing: list[str]) -> None:
        self._asked = folder / "asked"
        self.note = folder / "etc" / "firewall"
        self.note.parent.mkdir()
        name = missing[0].split()[0]
        machine.program(name, f'echo "{name} $*" >> {self._asked}')
        machine.seen["surroundings"]["firewall"] = {"name": name.partition("-")[0], "missing": missing}
        user = {"__k3s_firewall_file": str(self.note), "k3s_manage_firewall": True}
        machine.inputs |= user

    def asked(self) -> list[str]:
        return self._asked.read_text().splitlines() if self._asked.exists() else []


@pytest.mark.parametrize("missing", [UFW, FIREWALLD], ids=["ufw", "firewalld"])
def test_a_firewall_is_opened_before_k3s_starts_and_closed_again(
    machine: Machine, tmp_path: Path, missing: list[str]
) -> None:
    firewall = Firewall(machine, tmp_path, missing)
    machine.seen["unit"]["ActiveState"] = "inactive"
    done = machine.play("main", "--tags", "configure,run")
    assert firewall.asked() == missing, done.stdout[-3000:]
    opened, started = "firewall | Let through what k3s needs", "run | Start the service"
    assert -1 < done.stdout.find(opened) < done.stdout.find(started)
    assert "Warning: " not in done.stdout
    rules = [rule for rule in missing if "reload" not in rule]
    assert firewall.note.read_text().splitlines() == rules

    # A second run finds nothing to open.
    machine.seen["surroundings"]["firewall"]["missing"] = []
    machine.seen["unit"]["ActiveState"] = "active"
    done = machine.play("main", "--tags", "configure")
    assert (recap(done)["changed"], len(firewall.asked())) == (0, len(missing)), done.stdout[-3000:]

    closing = play_of(machine, tmp_path, "Close it again")
    assert firewall.asked()[len(missing) :] == CLOSED[missing[0].split()[0]], closing.stdout[-3000:]


def play_of(machine: Machine, folder: Path, last: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The part of uninstall.yml that is about the firewall: the rest would take this machine's k3s away."""
    tasks = yaml.safe_load((ROOT / "roles/k3s/tasks/uninstall.yml").read_text("utf-8"))
    names = [task["name"] for task in tasks]
    first = names.index("uninstall | Look whether a firewall was opened")
    part = tasks[first : names.index(f"uninstall | {last}") + 1]
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "environment": {"PATH": f"{folder}:/usr/bin:/bin"},
        "vars_files": [str(ROOT / "roles/k3s/vars/main.yml")],
        "tasks": part,
    }
    playbook = folder / "uninstall.yml"
    playbook.write_text(json.dumps([play]))
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", **machine.inputs}
    return run_playbook(playbook, *words, variables=variables)


def test_what_was_opened_is_taken_from_the_note_before_it_is_removed() -> None:
    tasks = yaml.safe_load((ROOT / "roles/k3s/tasks/uninstall.yml").read_text("utf-8"))
    names = [task["name"].removeprefix("uninstall | ") for task in tasks]
    assert names.index("Close it again") < names.index("Remove the files of the service")


@pytest.mark.parametrize("missing", [UFW, FIREWALLD], ids=["ufw", "firewalld"])
def test_check_mode_tells_what_would_be_opened_and_closed(
    machine: Machine, tmp_path: Path, missing: list[str]
) -> None:
    firewall = Firewall(machine, tmp_path, missing)
    # On a new host the folder of the note is not there yet.
    machine.seen["missing"] = ["/etc/rancher/k3s", "/etc/rancher/k3s/proxy.env"]
    done = machine.play("main", "--check", "--tags", "configure")
    assert done.returncode == 0, done.stdout[-3000:]
    assert [rule for rule in missing if rule not in done.stdout] == []
    assert recap(done)["changed"] > 0
    firewall.note.write_text("\n".join(missing[:2]) + "\n")
    done = play_of(machine, tmp_path, "Say what would be closed", "--check")
    assert done.returncode == 0, done.stdout[-3000:]
    assert [rule for rule in CLOSED[missing[0].split()[0]] if rule not in done.stdout] == []
    assert firewall.asked() == []


def test_a_firewall_that_refuses_ends_the_run_before_k3s_starts(machine: Machine, tmp_path: Path) -> None:
    Firewall(machine, tmp_path, UFW)
    machine.program("ufw", "echo 'ERROR: Could not load logging rules' >&2; exit 1")
    done = machine.play("main", "--tags", "configure,run")
    assert done.returncode == 2
    assert "Could not load logging rules" in done.stdout
    assert "Start the service" not in done.stdout


def test_a_firewall_that_is_gone_needs_no_closing(machine: Machine, tmp_path: Path) -> None:
    firewall = Firewall(machine, tmp_path, UFW)
    firewall.note.write_text(UFW[0] + "\n")
    (tmp_path / "ufw").unlink()
    assert play_of(machine, tmp_path, "Close it again").returncode == 0
    machine.program("ufw", "exit 1")
    assert play_of(machine, tmp_path, "Close it again").returncode == 2
    firewall.note.unlink()
    assert play_of(machine, tmp_path, "Close it again").returncode == 0


@pytest.mark.parametrize(
    ("inputs", "ports", "networks"),
    [
        ({}, ["8472/udp", "10250/tcp"], ["10.42.0.0/16", "10.43.0.0/16"]),
        (
            {
                "k3s_role": "server",
                "k3s_config": {"https-listen-port": 7443, "cluster-cidr": "10.1.0.0/16,fd00::/56"},
                "k3s_open_ports": ["30400/tcp"],
            },
            ["7443/tcp", "8472/udp", "10250/tcp", "30400/tcp"],
            ["10.1.0.0/16", "fd00::/56", "10.43.0.0/16"],
        ),
        (
            {
                "k3s_role": "server",
                "k3s_config": {"server": "https://192.0.2.1:6443", "flannel-backend": "host-gw"},
            },
            ["6443/tcp", "2379/tcp", "2380/tcp", "10250/tcp"],
            ["10.42.0.0/16", "10.43.0.0/16"],
        ),
        (
            {"k3s_config": {"service-cidr": "10.2.0.0/16"}},
            ["8472/udp", "10250/tcp"],
            ["10.42.0.0/16", "10.2.0.0/16"],
        ),
        (
            {
                "k3s_role": "server",
                "k3s_config": {"cluster-init": True, "flannel-backend": "wireguard-native"},
            },
            ["6443/tcp", "2379/tcp", "2380/tcp", "51820/udp", "10250/tcp"],
            ["10.42.0.0/16", "10.43.0.0/16"],
        ),
    ],
    ids=["an agent", "a server", "a further server", "other Services", "embedded etcd"],
)
def test_a_firewall_is_compared_with_what_this_host_needs(
    machine: Machine, inputs: dict[str, Any], ports: list[str], networks: list[str]
) -> None:
    machine.inputs |= inputs
    done = machine.play("main", "--tags", "observe", "-vvv")
    # -vvv shows the module's arguments.
    told = re.search(r"networks:\n((?:\s+- .*\n)+)\s+ports:\n((?:\s+- .*\n)+)", done.stdout)
    assert told, done.stdout[-3000:]
    assert [part.replace("- ", "").split() for part in told.groups()] == [networks, ports]
    clock = re.search(r"reference_time: ([\d.]+)", done.stdout)
    assert clock and abs(float(clock[1]) - time.time()) < 600
