"""The host side prepares GPU hosts while servers boot, and a server that refuses stops its agents."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import ROOT, run_playbook
from tests.playbooks.roles.k3s_machine import FINISHED
from tests.playbooks.roles.test_container_toolkit_phases import FINISHED as TOOLKIT
from tests.playbooks.roles.test_container_toolkit_phases import PACKAGE, VERSION

HOSTS = ROOT / "playbooks/steps/hosts.yml"
CACHE = {
    "folder": "/cache",
    "free_bytes": 2**60,
    "absent": [],
    "differing": [],
    "leftovers": False,
    "coming_images": [],
}
# How two servers become one cluster.
CONFIGS: dict[str, dict[str, Any]] = {
    "one": {"k3s_config": {"cluster-init": True}},
    "two": {"k3s_config": {"server": "https://192.0.2.10:6443"}},
}
LOOK, CHECK, SERVERS, PREPARATION, WAIT, AGENTS = (
    "Look at the Kubernetes hosts",
    "Check the Kubernetes servers",
    "Start the Kubernetes servers",
    "Prepare the GPU hosts meanwhile",
    "Wait for the Kubernetes servers",
    "Join the Kubernetes agents",
)


class Fleet:
    """Two servers and a GPU host, each as the looks of the roles shall see it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.k3s = {name: copy.deepcopy(FINISHED) for name in ("one", "two", "gpu")}
        self.toolkit = copy.deepcopy(TOOLKIT)

    def play(self, *words: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        groups = {"k3s_servers": ["one", "two"], "k3s_agents": ["gpu"], "gpu_hosts": ["gpu"]}
        children = {group: {"hosts": dict.fromkeys(names)} for group, names in groups.items()}
        hosts = {
            name: {"seen_of_k3s": seen | {"configured_name": name}} | CONFIGS.get(name, {})
            for name, seen in self.k3s.items()
        }
        inventory = self._folder / "hosts.yml"
        inventory.write_text(json.dumps({"all": {"hosts": hosts, "children": children}}))
        # Extra variables win over what a task registers, and are read for each host anew.
        given = {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "inference_plan": {
                "cache": {"path": "/var/lib/vllm/huggingface", "repositories": [], "images": []}
            },
            "k3s_token": "secret",
            "k3s_server_url": "https://192.0.2.10:6443",
            "container_toolkit_packages": [PACKAGE],
            "container_toolkit_version": VERSION,
            # Nobody runs it here.
            "__k3s_binary": str(self._folder / "k3s"),
            "__k3s_seen": "{{ seen_of_k3s }}",
            "__container_toolkit_seen": self.toolkit,
            "model_cache_seen": CACHE,
        }
        return run_playbook(HOSTS, *words, variables=given | variables, inventory=inventory)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def plays(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The plays that were reached, without those that no host belongs to."""
    parts = done.stdout.split("PLAY [")[1:]
    return [part.partition("]")[0] for part in parts if "TASK [" in part]


def test_a_finished_site_is_looked_at_and_nothing_else(fleet: Fleet) -> None:
    done = fleet.play()
    assert done.returncode == 0, done.stdout[-3000:]
    tasks = {
        line.partition("[")[2].partition("]")[0] for line in done.stdout.splitlines() if "TASK [" in line
    }
    assert {task.partition(" : ")[2].partition(" | ")[0] for task in tasks} <= {"observe", "preflight"}
    assert "changed=0" in done.stdout


def looks_at_k3s(done: subprocess.CompletedProcess[str], play: str) -> int:
    """How often a play looked at the host."""
    part = done.stdout.partition(f"PLAY [{play}]")[2].partition("PLAY [")[0]
    return part.count("k3s : observe | Look at what is there")


def test_one_look_serves_a_finished_host(fleet: Fleet) -> None:
    done = fleet.play()
    assert [looks_at_k3s(done, play) for play in (LOOK, SERVERS, AGENTS)] == [1, 0, 0]


def test_an_agent_is_looked_at_again_where_something_changed_before_it(fleet: Fleet) -> None:
    fleet.toolkit["differing"] = ["/etc/cdi"]
    # Check mode is enough to see who looks.
    done = fleet.play("--check")
    assert looks_at_k3s(done, AGENTS) == 1, done.stdout[-3000:]


def test_a_server_that_refuses_stops_the_run_before_anything_else_changes(fleet: Fleet) -> None:
    fleet.k3s["two"]["token_matches"] = False
    done = fleet.play()
    assert done.returncode == 2
    assert "k3s_token is not the token" in done.stdout
    assert plays(done) == [LOOK, CHECK]


JOINS = {"server": "https://192.0.2.10:6443"}
SHARED = {"datastore-endpoint": "postgres://db/k3s"}


@pytest.mark.parametrize(
    ("one", "two", "words"),
    [
        ({}, {}, "2 servers would each become a cluster of its own"),
        ({"cluster-init": True}, {"cluster-init": True}, "2 servers would each become a cluster of its own"),
        ({}, JOINS, "Give it k3s_config: {cluster-init: true}"),
        ({"cluster-init": True}, JOINS, ""),
        (SHARED, SHARED, ""),
    ],
    ids=["two alone", "two founders", "one joins SQLite", "embedded etcd", "external datastore"],
)
def test_servers_are_one_cluster(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, one: dict[str, Any], two: dict[str, Any], words: str
) -> None:
    monkeypatch.setitem(CONFIGS, "one", {"k3s_config": one})
    monkeypatch.setitem(CONFIGS, "two", {"k3s_config": two})
    done = fleet.play("--tags", "k3s")
    assert done.returncode == (2 if words else 0), done.stdout[-3000:]
    assert words in " ".join(done.stdout.split())
    assert "changed=0" in done.stdout


def test_a_server_that_does_not_come_up_stops_its_agents(fleet: Fleet) -> None:
    fleet.k3s["two"]["service"]["is_up"] = False
    done = fleet.play(k3s_ready_timeout=3)
    assert done.returncode == 2, done.stdout[-3000:]
    assert "k3s on two did not become ready within k3s_ready_timeout=3 s." in done.stdout
    # The GPU hosts were prepared meanwhile, and agents are left alone.
    assert plays(done) == [LOOK, CHECK, SERVERS, PREPARATION, WAIT]
    assert "prepare | Look at what is there" in done.stdout


def test_a_gpu_host_that_refuses_does_not_join(fleet: Fleet) -> None:
    fleet.toolkit["driver_found"] = False
    done = fleet.play()
    assert done.returncode == 2
    assert "gpu driver missing on gpu" in done.stdout
    assert AGENTS not in plays(done)


def test_a_server_with_a_gpu_has_the_runtime_before_its_k3s_starts() -> None:
    plays = yaml.safe_load(HOSTS.read_text("utf-8"))
    names = [play["name"] for play in plays]
    toolkit = "Give servers with a GPU NVIDIA's container runtime"
    assert names == [LOOK, CHECK, toolkit, SERVERS, PREPARATION, WAIT, AGENTS]
    play = plays[names.index(toolkit)]
    assert play["hosts"] == "gpu_hosts:&k3s_servers"
    assert play["tasks"][0]["ansible.builtin.import_role"]["name"] == "inference.stack.container_toolkit"
    assert {play["name"] for play in plays if play.get("any_errors_fatal")} == {CHECK, SERVERS, WAIT}
