"""However a site calls its hosts, agents and playbooks find them, and nobody has to set ansible_host."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import EXAMPLE, ROOT, run_playbook

FOLDERS = ("playbooks", "roles", "inventories/example")
GATEWAY = {"node_port": 30400, "public_url": "", "url": "http://litellm.ml.svc.cluster.local:4000"}
CHAT = {"node_port": 30300, "public_url": "", "url": "http://open-webui.ml.svc.cluster.local:8080"}
SHOWN = {"msg": "<{{ k3s_server_url }} {{ __inference_gateway_url }} {{ __inference_chat_url }}>"}


def playbook(gateway: dict[str, Any], chat: dict[str, Any]) -> list[dict[str, Any]]:
    """Shows the addresses of a site whose parts are these."""
    return [
        {
            "hosts": "k3s_servers",
            "gather_facts": False,
            "vars_files": [str(ROOT / "playbooks/vars/cluster_inputs.yml")],
            "vars": {"inference_plan": {"parts": {"gateway": gateway, "chat": chat}}},
            "tasks": [{"ansible.builtin.debug": SHOWN}],
        }
    ]


def urls(
    folder: Path, server: dict[str, Any], gateway: dict[str, Any] = GATEWAY, chat: dict[str, Any] = CHAT
) -> list[str]:
    """What the copied example makes of a server: for agents, the gateway's clients and the chat's."""
    site = folder / "site"
    shutil.copytree(EXAMPLE, site)
    groups = {"k3s_servers": {"hosts": {"server.lan": server}}, "k3s_agents": {"hosts": {"gpu": {}}}}
    hosts = {"k3s_cluster": {"children": groups}, "gpu_hosts": {"hosts": {"gpu": {}}}}
    (site / "hosts.yml").write_text(yaml.safe_dump(hosts))
    play = folder / "play.yml"
    play.write_text(json.dumps(playbook(gateway, chat)))
    done = run_playbook(play, inventory=site)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout.partition("<")[2].partition(">")[0].split()


@pytest.mark.parametrize(
    ("server", "for_agents", "here"),
    [
        ({}, "server.lan", "server.lan"),
        ({"ansible_host": "192.0.2.10"}, "192.0.2.10", "192.0.2.10"),
        ({"ansible_host": "k3s.tail1234.ts.net"}, "k3s.tail1234.ts.net", "k3s.tail1234.ts.net"),
        ({"ansible_host": "2001:db8::10"}, "[2001:db8::10]", "[2001:db8::10]"),
        ({"ansible_connection": "local"}, "server.lan", "127.0.0.1"),
    ],
)
def test_the_example_finds_its_server(
    server: dict[str, Any], for_agents: str, here: str, tmp_path: Path
) -> None:
    assert urls(tmp_path, server) == [
        f"https://{for_agents}:6443",
        f"http://{here}:30400",
        f"http://{here}:30300",
    ]


def test_playbooks_ask_at_the_node_port_and_where_there_is_none_at_the_front_door(tmp_path: Path) -> None:
    """People are shown the chat's front door in any case: it is the page that they open."""
    open_gateway, open_chat = (
        {"public_url": "https://llm.example.com"},
        {"public_url": "https://chat.example.com"},
    )
    found = []
    for number, closed in enumerate([{}, {"node_port": None}]):
        folder = tmp_path / str(number)
        folder.mkdir()
        found.append(urls(folder, {}, GATEWAY | open_gateway | closed, CHAT | open_chat | closed)[1:])
    assert found == [
        ["http://server.lan:30400", "https://chat.example.com"],
        ["https://llm.example.com", "https://chat.example.com"],
    ]


def test_nobody_else_makes_an_address() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.yml"))
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"[\[.{( ]\s*['\"]?ansible_host\b(?!:)", line.partition("#")[0])
    ]
    # It makes one of a pod's address, and documentation may speak of it.
    assert [line for line in found if "host_address" not in line and "C(ansible_host)" not in line] == []
