"""Modules whose code an action runs on the controller: the same result as from a process of their own."""

from __future__ import annotations

import functools
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import run_playbook
from tests.unit.plugins.modules.cluster_documents import DEPLOYMENT, DOCUMENTS, TOKEN, kubeconfig
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

PASSWORD = "swordfish-4711"
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"p": PASSWORD}}
ROLLOUT = "inference.stack.rollout_info"
OBJECTS = "inference.stack.cluster_objects_info"
SILENT = {**DEPLOYMENT, "apiVersion": "silent/v1"}
DAY = "{{ '2026-01-31' | to_datetime('%Y-%m-%d') }}"
# Another name of the same Python is another Python.
OTHER_PYTHON = "{{ ansible_playbook_python | dirname }}/./{{ ansible_playbook_python | basename }}"


@pytest.fixture
def cluster(server: ScriptedServer) -> ScriptedServer:
    for path, document in DOCUMENTS.items():
        server.routes[f"GET {path}"] = functools.partial(Exchange.reply, body=document)
    server.routes["GET /apis/silent/v1"] = lambda _: time.sleep(5)
    return server


def calls(login: dict[str, Any]) -> list[dict[str, Any]]:
    """What Ansible does to a task on the way: arguments, defaults, environment, folder, limits."""
    secrets = [{"owner": "vllm", "namespace": "ml", "secrets": [SECRET]}]
    return [
        {ROLLOUT: {"kubeconfig": login, "workloads": [DEPLOYMENT]}},
        {ROLLOUT: {"kubeconfig": login, "workloads": [SILENT]}, "timeout": 1},
        {ROLLOUT: {"kubeconfig": login, "workloads": [], "timeut": 3}},
        {
            ROLLOUT: {
                "kubeconfig": login,
                "workloads": [{"since": "{{ '2026-01-31' | to_datetime('%Y-%m-%d') }}"}],
            }
        },
        {ROLLOUT: {"workloads": [DEPLOYMENT]}, "environment": {"KUBECONFIG": "./kubeconfig"}},
        {
            ROLLOUT: {"workloads": [DEPLOYMENT]},
            "module_defaults": {"group/inference.stack.cluster": {"kubeconfig": login}},
        },
        {OBJECTS: {"kubeconfig": login, "sets": secrets}, "check_mode": True},
    ]


def play(tasks: list[dict[str, Any]], way: str, **variables: Any) -> dict[str, Any]:
    """Registers what each call gives."""
    registered = [
        {**task, "register": f"{way}_{number}", "ignore_errors": True} for number, task in enumerate(tasks)
    ]
    target = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    return {**target, "vars": variables, "tasks": registered}


def test_both_ways_give_the_same(cluster: ScriptedServer, tmp_path: Path) -> None:
    login = kubeconfig(cluster)
    (tmp_path / "kubeconfig").write_text(json.dumps(login), "utf-8")
    tasks = calls(login)
    names = [f"{way}_{number}" for way in ("here", "there") for number in range(len(tasks))]
    noted = tmp_path / "noted.json"
    content = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
    there = play(tasks, "there", ansible_python_interpreter=OTHER_PYTHON)
    there["tasks"].append({"inference.stack.controller_file": {"path": str(noted), "content": content}})
    playbook = tmp_path / "play.yml"
    playbook.write_text(yaml.safe_dump([play(tasks, "here"), there]), "utf-8")
    done = run_playbook(playbook, "-vvv")
    assert noted.is_file(), done.stdout + done.stderr
    told = noted.read_text("utf-8")
    found = json.loads(told)
    for number, task in enumerate(tasks):
        here, apart = ({**found[f"{way}_{number}"], "exception": ""} for way in ("here", "there"))
        assert here == apart, task
    assert [found[name]["failed"] for name in names[: len(tasks)]] == [
        False,
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert "timed out" in found["here_1"]["msg"].lower()
    assert TOKEN not in told and PASSWORD not in told
    assert done.stdout.count("Using module file") == len(tasks)
