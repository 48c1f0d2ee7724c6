"""What a host has of k3s."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.k3s.state import (
    Places,
    Wanted,
    is_healthy,
    look,
    token_matches,
    version_of,
)
from ansible_collections.inference.stack.plugins.module_utils.hosts.system.commands import Finished

from tests.unit.plugins.module_utils.hosts.scripted_commands import Commands
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

VERSION = "k3s version v1.34.2+k3s1 (abcdef)\ngo version go1.24\n"


class Host:
    """A host whose parts a test puts in place."""

    def __init__(self, root: Path, programs: Commands, kubelet: str = "127.0.0.1:9") -> None:
        self.root = root
        self.answers = programs.answers
        self.answers |= {"k3s": VERSION, "systemctl": "LoadState=loaded\nActiveState=active\n"}
        self.places = Places(units=str(root / "units"), systemd=str(root / "systemd"), kubelet=kubelet)
        for folder in ("units", "bin", "data/server"):
            (root / folder).mkdir(parents=True)

    def look(self, role: str = "server", **more: Any) -> dict[str, Any]:
        wanted = Wanted(role, str(self.root / "bin/k3s"), str(self.root / "data"), **more)
        return look(wanted, self.places)


@pytest.fixture
def host(tmp_path: Path, programs: Commands) -> Host:
    return Host(tmp_path, programs)


def test_a_bare_host_is_a_normal_answer(host: Host) -> None:
    host.answers.clear()
    found = host.look(token="t", tools=["kubectl"], paths=[{"path": str(host.root / "config.yaml")}])
    assert (found["version"], found["unit"]["ActiveState"], found["newer_files"]) == ("", "", [])
    assert found["token_matches"] and not found["runs_systemd"] and not found["kubelet_healthy"]
    assert found["missing"] == found["differing"] == [str(host.root / "config.yaml")]
    assert found["free_tools"] == ["kubectl"]


def test_names_that_are_taken_stay_taken(host: Host) -> None:
    (host.root / "bin/kubectl").symlink_to("nowhere")
    (host.root / "bin/ctr").touch()
    assert host.look(tools=["kubectl", "crictl", "ctr"])["free_tools"] == ["crictl"]


@pytest.mark.parametrize(("role", "other"), [("server", "k3s-agent"), ("agent", "k3s")])
def test_a_host_plays_one_part(host: Host, role: str, other: str) -> None:
    (host.root / f"units/{'k3s' if role == 'server' else 'k3s-agent'}.service").touch()
    assert not host.look(role)["plays_other_part"]
    (host.root / f"units/{other}.service").touch()
    assert host.look(role)["plays_other_part"]


@pytest.mark.parametrize(
    ("in_use", "token", "matches"),
    [
        ("", "anything", True),
        ("K10abc::server:secret\n", "secret", True),
        ("K10abc::server:secret\n", "K10abc::server:secret", True),
        ("K10abc::server:secret\n", "other", False),
    ],
)
def test_a_token_is_compared_by_its_secret(host: Host, in_use: str, token: str, matches: bool) -> None:
    if in_use:
        (host.root / "data/server/token").write_text(in_use)
    assert token_matches(token, str(host.root / "data")) is matches
    assert host.look("agent", token="other")["token_matches"]


def test_the_binary_says_its_version(programs: Commands) -> None:
    assert version_of("/usr/local/bin/k3s") == ""
    programs.answers["k3s --version"] = VERSION
    assert version_of("/usr/local/bin/k3s") == "v1.34.2+k3s1"
    programs.answers["k3s --version"] = Finished(1, "", "Exec format error")
    assert version_of("/usr/local/bin/k3s") == ""


def test_the_kubelet_is_asked_only_while_k3s_runs(
    tmp_path: Path, programs: Commands, server: ScriptedServer
) -> None:
    host = Host(tmp_path, programs, f"127.0.0.1:{server.port}")
    server.routes["GET /healthz"] = lambda exchange: exchange.reply(b"ok")
    assert host.look()["kubelet_healthy"]
    host.answers["systemctl"] = "ActiveState=failed\n"
    assert not host.look()["kubelet_healthy"]
    assert server.paths() == ["/healthz"]


def test_a_kubelet_that_complains_is_not_healthy(server: ScriptedServer) -> None:
    def complain(exchange: Exchange) -> None:
        exchange.reply(b"pleg is stuck", 500)

    server.routes["GET /healthz"] = complain
    assert not is_healthy(f"127.0.0.1:{server.port}")
