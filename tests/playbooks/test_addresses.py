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
PLAN = {"parts": {"gateway": {"node_port": 30400}, "chat": {"node_port": 30300}}}
PLAY: list[dict[str, Any]] = [
    {
        "hosts": "k3s_servers",
        "gather_facts": False,
        "vars_files": [str(ROOT / "playbooks/vars/cluster_inputs.yml")],
        "vars": {"inference_plan": PLAN},
        "tasks": [
            {
                "ansible.builtin.debug": {
                    "msg": "<{{ k3s_server_url }} {{ __inference_gateway_url }} {{ __inference_chat_url }}>"
                }
            }
        ],
    }
]


def urls(folder: Path, server: dict[str, Any]) -> list[str]:
    """What the copied example makes of a server: for agents, the gateway's clients and the chat's."""
    site = folder / "site"
    shutil.copytree(EXAMPLE, site)
    groups = {"k3s_servers": {"hosts": {"server.lan": server}}, "k3s_agents": {"hosts": {"gpu": {}}}}
    hosts = {"k3s_cluster": {"children": groups}, "gpu_hosts": {"hosts": {"gpu": {}}}}
    (site / "hosts.yml").write_text(yaml.safe_dump(hosts))
    play = folder / "play.yml"
    play.write_text(json.dumps(PLAY))
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
