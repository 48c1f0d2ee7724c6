"""What stands in the way of k3s is told before it is installed, with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.k3s.surroundings import (
    Places,
    Wanted,
    look,
    missing_in_firewalld,
    missing_in_ufw,
)

from tests.unit.plugins.module_utils.hosts.scripted_commands import Commands

WANTED = Wanted(ports=("6443/tcp", "8472/udp"), networks=("10.42.0.0/16",))
ALL = ["ufw allow 6443/tcp", "ufw allow 8472/udp", "ufw allow from 10.42.0.0/16 to any"]
TITLE = "Added user rules (see 'ufw status' for running firewall):\n"
PODS = "ufw allow from 10.42.0.0/16\n"
# /proc/cgroups of a Raspberry Pi, and of everybody else.
OFF = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t1\t1\nmemory\t0\t85\t0\n"
ON = OFF.replace("85\t0", "85\t1")


class Host:
    """A host whose parts a test puts in place."""

    def __init__(self, root: Path, programs: Commands) -> None:
        self.answers = programs.answers
        self.places = Places(*(str(root / name) for name in Places._fields))
        self.put("cgroups", ON)

    def put(self, name: str, text: str) -> None:
        Path(getattr(self.places, name)).write_text(text)

    def look(self, **wanted: Any) -> dict[str, Any]:
        return look(WANTED._replace(**wanted), self.places, now=lambda: 1000.4)


@pytest.fixture
def host(tmp_path: Path, programs: Commands) -> Host:
    return Host(tmp_path, programs)


def test_an_ordinary_host_has_nothing_in_the_way(host: Host) -> None:
    assert host.look() == {
        "firewall": {"name": "", "missing": []},
        "selinux_blocks": False,
        "memory_cgroup": True,
        "clock": {"synchronised": None, "ahead_s": 0},
    }


@pytest.mark.parametrize(
    ("controllers", "cgroups", "is_on"),
    [
        ("cpuset cpu io memory pids\n", "", True),
        ("cpuset cpu io memory pids\n", OFF, True),
        ("", ON, True),
        ("cpuset cpu io pids\n", OFF, False),
        ("cpuset cpu io pids\n", "", False),
        ("cpuset cpu memory_of_another_kind\n", OFF, False),
    ],
    ids=["v2", "v2 alone", "v1", "Raspberry Pi", "nothing known", "a longer name"],
)
def test_the_memory_cgroup_is_on_or_off(host: Host, controllers: str, cgroups: str, is_on: bool) -> None:
    host.put("controllers", controllers)
    host.put("cgroups", cgroups)
    assert host.look()["memory_cgroup"] is is_on


@pytest.mark.parametrize(
    ("enforce", "policy", "blocks"),
    [("1", "", True), ("1\n", "module", False), ("0", "", False), ("", "", False)],
    ids=["enforcing", "with k3s-selinux", "permissive", "no SELinux"],
)
def test_selinux_blocks_without_the_policy_of_k3s(
    host: Host, enforce: str, policy: str, blocks: bool
) -> None:
    host.put("selinux", enforce)
    host.put("policy", policy)
    assert host.look()["selinux_blocks"] is blocks


@pytest.mark.parametrize(
    ("told", "reference", "clock"),
    [
        ("yes\n", 1000.0, {"synchronised": True, "ahead_s": 0}),
        ("no\n", 4600.0, {"synchronised": False, "ahead_s": -3600}),
        ("Failed to connect to bus\n", 900.0, {"synchronised": None, "ahead_s": 100}),
    ],
)
def test_the_clock_is_compared(host: Host, told: str, reference: float, clock: dict[str, Any]) -> None:
    host.answers["timedatectl"] = told
    assert host.look(reference_time=reference)["clock"] == clock


def test_a_container_does_not_keep_its_clock(host: Host) -> None:
    host.answers["timedatectl"] = "no\n"
    host.put("container", "podman")
    assert host.look()["clock"]["synchronised"] is None


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("ENABLED=yes\n", "ufw"),
        ("# x\nENABLED = 'yes'\n", "ufw"),
        ("ENABLED=no\n", ""),
        ("#ENABLED=yes\n", ""),
    ],
)
def test_ufw_is_on_or_off(host: Host, setting: str, name: str) -> None:
    host.put("ufw", setting)
    host.answers["ufw show"] = f"{TITLE}(None)\n"
    assert host.look()["firewall"] == {"name": name, "missing": ALL if name else []}


def test_a_firewall_that_lets_everything_in_lacks_nothing(host: Host) -> None:
    host.answers |= {"systemctl is-active": "active\n", "firewall-cmd --get-default-zone": "trusted\n"}
    assert host.look()["firewall"] == {"name": "firewalld", "missing": []}
    host.put("ufw", "ENABLED=yes\n")
    host.put("ufw_defaults", 'DEFAULT_INPUT_POLICY="ACCEPT"\n')
    assert host.look()["firewall"] == {"name": "ufw", "missing": []}


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        ("", ALL),
        ("(None)\n", ALL),
        (f"ufw allow 6443/tcp\nufw allow 8472/udp\n{PODS}", []),
        (f"ufw allow 6443\nufw allow 8472\n{PODS}", []),
        (f"ufw allow 6443/udp\n{PODS}", ALL[:2]),
        (f"ufw allow proto tcp from 192.0.2.0/24 to any port 6443\n{PODS}", ALL[1:2]),
        (f"ufw limit in 6443/tcp comment 'the API'\nufw allow 8000:9000/udp\n{PODS}", []),
        (f"ufw allow from 192.0.2.0/24 to any port 80,6443 proto tcp\n{PODS}", ALL[1:2]),
        (f"ufw allow from 192.0.2.0/24\n{PODS}", []),
        ("ufw allow from 192.0.2.0/24\n", ALL[2:]),
        (f"ufw allow from 192.0.2.7 port 8472 to any\n{PODS}", ALL[:2]),
        (f"ufw deny 6443/tcp\nufw allow out 8472/udp\nufw allow OpenSSH\n{PODS}", ALL[:2]),
        ("ufw allow from 10.42.0.0/16 to any port 53\n", ALL),
        ("ufw allow proto udp from 10.42.0.0/16 to any\n", ALL),
        (f"ufw allow out to any port 6443\n{PODS}", ALL[:2]),
        (f"ufw allow 6443 comment 'not to any port 8472 yet'\n{PODS}", ALL[1:2]),
        (f"ufw allow in on cni0\nufw route allow in on cni0 to any port 6443\n{PODS}", ALL[:2]),
    ],
)
def test_only_what_ufw_does_not_let_through_is_named(rules: str, missing: list[str]) -> None:
    assert missing_in_ufw(WANTED, TITLE + rules) == missing


@pytest.mark.parametrize(
    ("ports", "sources", "missing"),
    [
        ("6443/tcp 8472/udp\n", "10.42.0.0/16\n", []),
        ("6000-7000/tcp 8472/udp", "10.42.0.0/16", []),
        ("6000-6443/tcp 8472-9000/udp", "10.42.0.0/16", []),
        ("6000-6442/tcp 8473-9000/udp", "10.42.0.0/16", ["--add-port=6443/tcp", "--add-port=8472/udp"]),
        ("6443/udp 8472/udp", "10.42.0.0/16", ["--add-port=6443/tcp"]),
        ("", "", ["--add-port=6443/tcp", "--add-port=8472/udp", "--zone=trusted --add-source=10.42.0.0/16"]),
    ],
)
def test_only_what_firewalld_does_not_let_through_is_named(
    ports: str, sources: str, missing: list[str]
) -> None:
    told = missing_in_firewalld(WANTED, ports, sources)
    assert told == [f"firewall-cmd --permanent {rule}" for rule in missing] + (
        ["firewall-cmd --reload"] if missing else []
    )


@pytest.mark.parametrize("state", ["inactive\n", "failed\n", "unknown\n", ""])
def test_firewalld_that_does_not_run_is_no_firewall(host: Host, state: str) -> None:
    host.answers["systemctl is-active"] = state
    assert host.look()["firewall"] == {"name": "", "missing": []}


def test_firewalld_is_asked_while_it_runs(host: Host) -> None:
    host.answers |= {"systemctl is-active": "active\n", "firewall-cmd --list-ports": "6443/tcp\n"}
    host.answers["firewall-cmd --zone=trusted"] = "10.42.0.0/16\n"
    assert host.look()["firewall"] == {
        "name": "firewalld",
        "missing": ["firewall-cmd --permanent --add-port=8472/udp", "firewall-cmd --reload"],
    }
