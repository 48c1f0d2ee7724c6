"""A k3s that somebody else set up keeps its settings, whichever way they were given."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.module_utils.hosts.k3s.foreign import (
    Places,
    adopted_files,
    configured_name,
    look,
    parse_blocks,
    parse_command,
    parse_flags,
)

BINARY = "/usr/local/bin/k3s"
# As k3s's install.sh writes it: each argument quoted, on a line of its own.
INSTALLER = """\
[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-/etc/systemd/system/k3s.service.env
KillMode=process
Delegate=yes
User=root
# Having non-zero Limit*s causes performance problems due to accounting overhead
LimitNOFILE=1048576
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s \\
    server \\
@
"""
OURS = "[Unit]\nDescription=k3s server\n[Service]\nExecStart=/usr/local/bin/k3s server\n"
HA_FLAGS = ["--disable", "traefik", "--disable=servicelb", "--cluster-init", "--tls-san", "it's.lan"]


def installer(*flags: str, command: str = "server") -> str:
    quoted = ["'" + flag.replace("'", "'\\''") + "'" for flag in flags]
    lines = "".join(f"\t{flag} \\\n" for flag in quoted)
    return INSTALLER.replace("@\n", f"{lines}\n").replace("    server", f"    {command}")


class Host:
    """A host with a k3s of somebody else."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.places = Places(
            units=(str(root / "etc/systemd"), str(root / "usr/systemd")),
            config=str(root / "k3s/config.yaml"),
            environment=(str(root / "default/%N"), "/etc/systemd/system/%N.service.env"),
        )

    def put(self, name: str, text: str) -> str:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def look(self, role: str = "server") -> dict[str, Any]:
        return look(role, BINARY, self.places)

    def adopt(self, replaced: list[str] | None = None, extended: list[str] | None = None) -> dict[str, Any]:
        files = adopted_files("server", BINARY, self.places, replaced or [], extended or [])
        text = files.get(f"{self.places.config}.d/00-adopted.yaml", "{}")
        kept: dict[str, Any] = yaml.safe_load(text)
        return kept


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_an_empty_host_has_nothing_of_others(host: Host) -> None:
    assert host.look() == {"files": [], "problem": "", "settings": [], "node_name": "", "data_folder": ""}


def test_what_the_role_wrote_is_no_strangers(host: Host) -> None:
    host.put("etc/systemd/k3s.service", OURS)
    host.put("k3s/config.yaml", "token: x\n")
    # A package's unit that ours stands before.
    host.put("usr/systemd/k3s.service", installer())
    assert host.look()["files"] == []


def test_an_installed_k3s_is_found_with_the_names_of_its_settings(host: Host) -> None:
    unit = host.put("etc/systemd/k3s.service", installer(*HA_FLAGS, "--token", "s3cret"))
    config = host.put("k3s/config.yaml", "write-kubeconfig-mode: '0644'\n")
    host.put(
        "default/k3s", "K3S_DATASTORE_ENDPOINT='postgres://u:p@db/k3s'\nHTTP_PROXY=http://proxy\n# K3S_NO=1\n"
    )
    found = host.look()
    assert (found["files"], found["problem"]) == ([unit, config], "")
    assert found["settings"] == [
        *("K3S_DATASTORE_ENDPOINT", "cluster-init", "disable", "tls-san", "token", "write-kubeconfig-mode")
    ]
    assert found["node_name"] == socket.gethostname().lower()
    assert "s3cret" not in str(found) and "u:p" not in str(found)


@pytest.mark.parametrize(
    ("flags", "config", "environment", "node", "folder"),
    [
        (["--node-name=Box", "-d", "/srv/k3s"], "", "", "Box", "/srv/k3s"),
        ([], "node-name: box # the cupboard\ndata-dir: '/srv/k3s'\n", "", "box", "/srv/k3s"),
        ([], "", 'K3S_NODE_NAME="box"\nK3S_DATA_DIR=/srv/k3s\n', "box", "/srv/k3s"),
        (["--node-name", "flag"], "node-name: file\n", "K3S_NODE_NAME=env\n", "flag", ""),
    ],
    ids=["flags", "file", "environment", "flags win"],
)
def test_the_name_of_the_node_and_the_folder_of_its_data_are_known(
    host: Host, flags: list[str], config: str, environment: str, node: str, folder: str
) -> None:
    host.put("etc/systemd/k3s.service", installer(*flags))
    host.put("k3s/config.yaml", config)
    host.put("default/k3s", environment)
    assert (host.look()["node_name"], host.look()["data_folder"]) == (node, folder)


def test_flags_and_file_are_kept_and_the_flags_win(host: Host) -> None:
    host.put("etc/systemd/k3s.service", installer(*HA_FLAGS))
    host.put(
        "k3s/config.yaml",
        "# mine\ntls-san:\n  - old.lan\nkubelet-arg:\n- max-pods=64\n\n# quick\n- v=2\n"
        "flannel-backend: host-gw\n",
    )
    assert host.adopt() == {
        "kubelet-arg": ["max-pods=64", "v=2"],
        "flannel-backend": "host-gw",
        "disable": ["traefik", "servicelb"],
        "cluster-init": True,
        "tls-san": "it's.lan",
    }


def test_the_inventory_wins_and_lists_grow(host: Host) -> None:
    host.put("etc/systemd/k3s.service", installer(*HA_FLAGS, "--token=old"))
    host.put("k3s/config.yaml", "node-label:\n  - a=b\nnode-name: x\nserver: https://one:6443\n")
    kept = host.adopt(replaced=["token", "node-name"], extended=["disable", "node-label", "tls-san"])
    assert kept == {
        "node-label+": ["a=b"],
        "server": "https://one:6443",
        "disable+": ["traefik", "servicelb"],
        "cluster-init": True,
        "tls-san+": ["it's.lan"],
    }


def test_nothing_is_written_where_nothing_is_to_be_kept(host: Host) -> None:
    host.put("etc/systemd/k3s.service", installer("--token", "x"))
    assert adopted_files("server", BINARY, host.places, ["token"], []) == {}


def test_the_environment_of_a_unit_is_kept(host: Host) -> None:
    extra = "Environment=GOGC=50 K3S_NODE_NAME=box\nEnvironmentFile=/srv/k3s.env\nKillMode=process"
    host.put("etc/systemd/k3s.service", installer().replace("KillMode=process", extra))
    ((path, text),) = adopted_files("server", BINARY, host.places, [], []).items()
    assert path == f"{host.places.units[0]}/k3s.service.d/10-adopted.conf"
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines == ["[Service]", "Environment=GOGC=50 K3S_NODE_NAME=box", "EnvironmentFile=/srv/k3s.env"]
    assert host.look()["node_name"] == "box"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("k3s-one.service", installer(), "under another name than k3s.service"),
        ("k3s.service", installer(command="agent"), "starts k3s agent, and not k3s server"),
        ("k3s.service", installer().replace("/usr/local/bin", "/opt/bin"), "starts /opt/bin/k3s, and not"),
        ("k3s.service", installer("--config", "/srv/k.yaml"), "names another configuration: /srv/k.yaml"),
        ("k3s.service", installer().replace("server", "server $K3S_OPTS"), "uses variables"),
        ("k3s.service", installer("x'y").replace("'\\''", "'"), "cannot be read"),
        ("k3s.service", installer("traefik"), "'traefik', which belongs to no option"),
        ("k3s.service", "[Service]\nType=notify\n", "starts nothing"),
        ("k3s.service", "", "starts nothing"),
    ],
    ids=[
        *("another name", "another part", "another binary", "another file", "variables", "quotes"),
        *("a stray word", "no command", "an empty unit"),
    ],
)
def test_what_cannot_be_taken_over_says_why(host: Host, name: str, text: str, words: str) -> None:
    host.put(f"etc/systemd/{name}", text)
    assert words in host.look()["problem"]
    with pytest.raises(InvalidInput):
        host.adopt()


def test_a_configuration_in_another_style_is_refused(host: Host) -> None:
    host.put("k3s/config.yaml", '{"disable": ["traefik"]}\n')
    found = host.look()
    assert found["files"] == [host.places.config]
    assert "not written as one key a line" in found["problem"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("ExecStart=/bin/k3s server", ["/bin/k3s", "server"]),
        ("ExecStart=-/bin/k3s server --a='b c'", ["/bin/k3s", "server", "--a=b c"]),
        ("ExecStart=/old\nExecStart=\nExecStart=/bin/k3s agent", ["/bin/k3s", "agent"]),
        (
            'ExecStart=/bin/k3s server \\\n# a remark\n  "--a" \\\n  b%%c$$d',
            ["/bin/k3s", "server", "--a", "b%c$d"],
        ),
    ],
)
def test_commands_are_read_as_systemd_reads_them(command: str, words: list[str]) -> None:
    assert parse_command(f"[Service]\n{command}\n") == words


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ([], {}),
        (["--disable=traefik"], {"disable": "traefik"}),
        (["-disable", "traefik"], {"disable": "traefik"}),
        (["--cluster-init"], {"cluster-init": True}),
        (["--cluster-init=false", "--debug"], {"cluster-init": "false", "debug": True}),
        (["--disable", "a", "--x", "--disable=b", "--disable", "c"], {"disable": ["a", "b", "c"], "x": True}),
        (["--kubelet-arg=v=2", "-v", "3"], {"kubelet-arg": "v=2", "v": "3"}),
        (["-t", "x", "-d", "/y"], {"token": "x", "data-dir": "/y"}),
    ],
)
def test_flags_become_keys(words: list[str], flags: dict[str, Any]) -> None:
    assert parse_flags(words) == flags


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n---\n",
        "a: 1\n'b': [x, y]\n\"c\":\n  d: e\n",
        "a:\n- x\n- y: z\n  w: 1\nb: |\n  text: with\n\n  colons: too\nc:\n# remark\n  - e\n...\n",
        "a: 1\na: 2\n",
    ],
)
def test_blocks_put_together_mean_what_the_file_means(text: str) -> None:
    assert yaml.safe_load("".join(parse_blocks(text).values())) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("# Ansible managed\nnode-name: gpu\ntoken: x\n", "gpu"),
        ('node-name: "box"  # mine\n', "box"),
        ("token: x\n", ""),
        ("[]\n", ""),
    ],
)
def test_the_name_in_the_configuration_is_known(tmp_path: Path, text: str, name: str) -> None:
    config = tmp_path / "config.yaml"
    assert configured_name(str(config)) == ""
    config.write_text(text)
    assert configured_name(str(config)) == name
