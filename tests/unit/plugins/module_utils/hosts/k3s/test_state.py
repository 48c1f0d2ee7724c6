"""What a host has of k3s."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.k3s.state import (
    Places,
    Wanted,
    ask_kubelet,
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
        self.places = self.places._replace(search_path=f"{root}/usr/bin:{root}/snap/bin:{root}/bin")
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
    assert found["token_matches"] and not found["runs_systemd"] and not found["service"]["is_up"]
    assert found["missing"] == found["differing"] == [str(host.root / "config.yaml")]
    assert found["free_tools"] == ["kubectl"]


@pytest.mark.parametrize(
    ("there", "link_to", "mode", "is_free"),
    [
        ("bin/ctr", "", 0o755, False),
        ("bin/ctr", "", 0o644, False),
        ("bin/ctr", "k3s", 0o755, False),
        ("bin/ctr", "nowhere", 0o755, False),
        ("usr/bin/ctr", "", 0o755, False),
        ("snap/bin/ctr", "/usr/bin/env", 0o755, False),
        ("usr/bin/ctr", "", 0o644, True),
        ("usr/bin/ctr", "nowhere", 0o755, True),
        ("usr/bin/ctr.old", "", 0o755, True),
        ("opt/bin/ctr", "", 0o755, True),
    ],
    ids=[
        *("a program", "a file", "our link", "a broken link", "Docker's", "a snap's"),
        *("nothing to run", "a broken link elsewhere", "another name", "a place that nobody searches"),
    ],
)
def test_a_program_of_the_host_keeps_its_name(
    host: Host, there: str, link_to: str, mode: int, is_free: bool
) -> None:
    path = host.root / there
    path.parent.mkdir(parents=True, exist_ok=True)
    if link_to:
        path.symlink_to(link_to)
    else:
        path.touch(mode=mode)
    assert host.look(tools=["kubectl", "ctr"])["free_tools"] == ["kubectl", *(["ctr"] if is_free else [])]


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
    assert host.look()["service"]["is_up"]
    host.answers["systemctl"] = "ActiveState=failed\n"
    assert "Kubelet=not asked" in host.look()["service"]["told"]
    assert server.paths() == ["/healthz"]


NODE = {"name": "gpu", "labels": {"zone": "a"}}
READY = '{"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}'


@pytest.mark.parametrize(
    ("role", "kubeconfig"),
    [("server", "/etc/rancher/k3s/k3s.yaml"), ("agent", "data/agent/kubelet.kubeconfig")],
)
def test_a_healthy_host_asks_for_its_own_node(
    tmp_path: Path, programs: Commands, server: ScriptedServer, role: str, kubeconfig: str
) -> None:
    host = Host(tmp_path, programs, f"127.0.0.1:{server.port}")
    host.answers["k3s kubectl"] = READY
    server.routes["GET /healthz"] = lambda exchange: exchange.reply(b"ok")
    found = host.look(role, node=NODE)["node"]
    assert (found["ready"], found["changes"]["labels"]) == (True, ["zone=a"])
    (asked,) = [words for words in programs.asked if words[1:2] == ["kubectl"]]
    assert any(word.startswith("--kubeconfig=") and word.endswith(kubeconfig) for word in asked)


def test_nobody_asks_for_the_node_of_a_host_that_is_not_healthy(host: Host, programs: Commands) -> None:
    assert host.look(node=NODE)["node"]["answers"] is False
    assert [words for words in programs.asked if words[1:2] == ["kubectl"]] == []


def test_only_a_start_since_then_counts(tmp_path: Path, programs: Commands, server: ScriptedServer) -> None:
    host = Host(tmp_path, programs, f"127.0.0.1:{server.port}")
    server.routes["GET /healthz"] = lambda exchange: exchange.reply(b"ok")
    host.answers["systemctl"] = "ActiveState=active\nInvocationID=old\nNRestarts=7\n"
    assert not host.look(since={"invocation": "old", "restarts": 7})["service"]["is_up"]
    assert host.look(since={"invocation": "older", "restarts": 7})["service"]["is_up"]


def test_the_journal_is_read_only_when_it_is_wanted(host: Host) -> None:
    host.answers["journalctl"] = "level=fatal msg=x\n"
    assert host.look()["complaints"] == []
    assert host.look(with_journal=True)["complaints"] == ["level=fatal msg=x"]


def test_a_kubelet_that_complains_is_not_healthy(server: ScriptedServer) -> None:
    def complain(exchange: Exchange) -> None:
        exchange.reply(b"pleg is stuck", 500)

    server.routes["GET /healthz"] = complain
    assert ask_kubelet(f"127.0.0.1:{server.port}") == "HTTP 500"


def test_a_kubelet_that_is_not_there_says_so() -> None:
    assert "refused" in ask_kubelet("127.0.0.1:9")
