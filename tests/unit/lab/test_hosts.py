"""Addresses, keys and specifications of the hosts."""

from __future__ import annotations

import ipaddress
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.hosts import containers, machine, podman, ssh
from lab.hosts.containers import FileTree, HostSpec
from lab.hosts.network import POOL, address, first_free, resolvers
from lab.settings import Settings, load


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(
        {"LAB": "t", "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    )


@pytest.fixture
def spec() -> HostSpec:
    return HostSpec(
        name="gpu",
        container="inference-t-gpu",
        image="localhost/x:1",
        network="inference-t",
        address="10.97.1.12",
        volumes={"inference-t-gpu-rancher": "/var/lib/rancher"},
        mounts={"/cache/vllm-1": "/opt/vllm"},
        names={"server": "10.97.1.11"},
        dns=("192.0.2.53",),
    )


def test_addresses_are_the_same_in_every_network() -> None:
    subnet = ipaddress.IPv4Network("10.97.7.0/24")

    assert [address(subnet, host) for host in ("mirror", "server", "gpu")] == [
        "10.97.7.2", "10.97.7.11", "10.97.7.12",
    ]  # fmt: skip


def test_the_first_network_that_nobody_uses_is_taken() -> None:
    used = [ipaddress.IPv4Network("10.97.1.0/24"), ipaddress.IPv4Network("10.97.2.128/25")]

    assert str(first_free([])) == "10.97.1.0/24"
    assert str(first_free(used)) == "10.97.3.0/24"
    with pytest.raises(LabError, match="no free network"):
        first_free([POOL])


def test_resolvers_on_loopback_are_passed_over(tmp_path: Path) -> None:
    stub = tmp_path / "resolv.conf"
    stub.write_text("# a comment\nnameserver 127.0.0.53\noptions edns0\n")
    real = tmp_path / "real.conf"
    real.write_text("nameserver 192.0.2.1\nnameserver ::1\n")

    assert resolvers((stub, real)) == ["192.0.2.1"]
    assert resolvers((tmp_path / "absent",)) == []


def test_known_hosts_are_the_keys_that_the_lab_made(settings: Settings) -> None:
    settings.state.mkdir(parents=True)
    ssh.ensure_keys(settings)
    first = settings.ssh_key.read_text()
    ssh.ensure_keys(settings)
    ssh.write_known_hosts(settings, {"server": "10.97.1.11", "gpu": "10.97.1.12"})
    lines = settings.known_hosts.read_text().splitlines()

    assert settings.ssh_key.read_text() == first
    assert [line.split()[:2] for line in lines] == [
        ["10.97.1.11,server.lab.test", "ssh-ed25519"],
        ["10.97.1.12,gpu.lab.test", "ssh-ed25519"],
    ]
    assert lines[0].split()[2] != lines[1].split()[2]
    assert settings.ssh_key.stat().st_mode & 0o077 == 0


def test_ssh_asks_nobody_and_trusts_only_known_hosts(settings: Settings) -> None:
    words = ssh.words(settings, "10.97.1.11", "true")

    assert "StrictHostKeyChecking=yes" in words and "BatchMode=yes" in words
    assert words[-2:] == ["root@10.97.1.11", "true"]


def test_another_specification_is_another_container(spec: HostSpec, tmp_path: Path) -> None:
    assert spec.digest() == replace(spec).digest()
    assert spec.digest() != replace(spec, image="localhost/x:2").digest()
    assert spec.digest() != replace(spec, trees=(FileTree(tmp_path),)).digest()


def test_the_command_that_makes_a_host(spec: HostSpec) -> None:
    words = containers._create_words(spec, "t")

    assert "--privileged" in words and "--cgroupns=private" in words and "--systemd=false" in words
    assert "--volume=/cache/vllm-1:/opt/vllm:ro" in words
    assert "--volume=inference-t-gpu-rancher:/var/lib/rancher:dev,suid,exec" in words
    assert words[-1] == "localhost/x:1"


def test_the_mirror_has_no_privileges(spec: HostSpec) -> None:
    words = containers._create_words(replace(spec, command=("nginx",)), "t")

    assert "--privileged" not in words
    assert words[-2:] == ["localhost/x:1", "nginx"]


def test_a_hosts_files_are_copied_through_its_own_links(tmp_path: Path) -> None:
    root, tree = tmp_path / "root", tmp_path / "tree"
    (root / "usr/lib").mkdir(parents=True)
    (root / "lib").symlink_to("usr/lib")
    (tree / "lib").mkdir(parents=True)
    (tree / "lib/lib.so.1").write_text("x")
    (tree / "lib/lib.so").symlink_to("lib.so.1")
    (tree / "root/.ssh").mkdir(parents=True)
    (tree / "root/.ssh").chmod(0o700)
    # Anybody may give a file to himself, so this needs no root.
    owner = (os.geteuid(), os.getegid())
    containers._copy_tree(tree, root, owner)

    copied = (root / "usr/lib/lib.so.1").stat()
    assert (copied.st_uid, copied.st_gid) == owner
    assert (root / "lib").is_symlink()
    assert (root / "usr/lib/lib.so").readlink() == Path("lib.so.1")
    assert (root / "root/.ssh").stat().st_mode & 0o777 == 0o700


def test_podman_keeps_to_the_labs_own_files(settings: Settings) -> None:
    one = podman.Podman(settings)
    assert not one.present
    one.configure()
    text = (settings.podman_home / "containers.conf").read_text()

    assert str(settings.podman_home / "networks") in text
    assert str(settings.podman_run) in text
    assert one.environment == {"CONTAINERS_CONF": str(settings.podman_home / "containers.conf")}
    assert str(settings.podman_home / "storage") in [str(word) for word in one.words("ps")]


RULES = """\
*filter
:FORWARD ACCEPT [0:0]
:NETAVARK_FORWARD - [0:0]
-A FORWARD -m comment --comment "netavark firewall plugin rules" -j NETAVARK_FORWARD
{network}COMMIT
*nat
:NETAVARK-HOSTPORT-DNAT - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A PREROUTING -s 192.0.2.1/32 -j ACCEPT
COMMIT
"""


class Firewall:
    """Answers iptables-save and records what iptables was told."""

    def __init__(self, network: str = "") -> None:
        self.network = network
        self.told: list[str] = []

    def output(self, words: list[str], **_options: object) -> str:
        if words[0] == "iptables-save":
            return RULES.format(network=self.network)
        self.told.append(" ".join(map(str, words)))
        return ""


@pytest.fixture
def quiet_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kernel settings and folders that are files of the test."""
    for name, value in {"net/ipv4/ip_forward": 0, "fs/inotify/max_user_instances": 128,
                        "fs/inotify/max_user_watches": 999999}.items():  # fmt: skip
        path = tmp_path / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    monkeypatch.setattr(machine, "_sysctl", lambda name: tmp_path / "sys" / name)
    monkeypatch.setattr(machine, "_NETNS", tmp_path / "netns")
    monkeypatch.setattr(machine, "_NETWORK_LISTS", tmp_path / "containers/networks")
    return tmp_path / "sys"


def test_the_machine_gets_back_what_it_had(
    quiet_machine: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    firewall = Firewall()
    monkeypatch.setattr(machine.shell, "output", firewall.output)
    monkeypatch.setattr(machine, "_firewall_has", lambda table, chain: False)
    machine.prepare(settings)
    machine.prepare(settings)
    assert (quiet_machine / "net/ipv4/ip_forward").read_text() == "1\n"
    assert (quiet_machine / "fs/inotify/max_user_watches").read_text() == "999999\n"

    machine.restore(settings)
    assert (quiet_machine / "net/ipv4/ip_forward").read_text() == "0\n"
    assert (quiet_machine / "fs/inotify/max_user_instances").read_text() == "128\n"
    deleted = [words for words in firewall.told if " -D " in words]
    assert len(deleted) == 3, "only netavark's own jumps"
    assert not any("192.0.2.1" in words for words in deleted)


def test_other_peoples_containers_keep_forwarding_and_rules(
    quiet_machine: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    firewall = Firewall(network="-A NETAVARK_FORWARD -s 10.88.0.0/16 -j ACCEPT\n")
    monkeypatch.setattr(machine.shell, "output", firewall.output)
    monkeypatch.setattr(machine, "_firewall_has", lambda table, chain: False)
    machine.prepare(settings)
    machine.restore(settings)

    assert (quiet_machine / "net/ipv4/ip_forward").read_text() == "1\n"
    assert not firewall.told


@pytest.mark.parametrize(
    ("cgroup", "told"),
    [("0::/libpod-ab12/init.scope\n", "running"), ("0::/user.slice\n", "lost"), ("", "lost")],
)
def test_what_podman_takes_for_running_after_the_machine_went_down_is_lost(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cgroup: str, told: str
) -> None:
    """Its number may be another process's by now."""
    if cgroup:
        (tmp_path / "77").mkdir()
        (tmp_path / "77/cgroup").write_text(cgroup)
    document = [{"Id": "ab12", "State": {"Status": "running", "Pid": 77}}]
    lab = podman.Podman(settings)
    monkeypatch.setattr(lab, "succeeds", lambda *words: True)
    monkeypatch.setattr(lab, "output", lambda *words: json.dumps(document))
    monkeypatch.setattr(podman, "PROCESSES", tmp_path)
    found = lab.inspect("inference-t-hub")
    assert found is not None and found["State"]["Status"] == told


@pytest.mark.parametrize(("failures", "removed"), [(0, True), (2, True), (3, False)])
def test_a_container_that_dies_meanwhile_is_removed_all_the_same(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, removed: bool
) -> None:
    program, calls = tmp_path / "bin" / "podman", tmp_path / "calls"
    program.parent.mkdir()
    program.write_text(
        f"""#!/bin/sh
        case "$*" in
          *" ps "*) echo inference-t-gpu ;;
          *" rm --force "*) echo x >> {calls}; [ "$(wc -l < {calls})" -gt {failures} ] ||
            {{ echo "container state improper: stopped" >&2; exit 125; }} ;;
        esac
        """
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    lab = podman.Podman(settings)

    if removed:
        lab.remove_all("t")
    else:
        with pytest.raises(LabError, match="improper"):
            lab.remove_all("t")
    assert len(calls.read_text().split()) == min(failures + 1, 3)
