"""Role cluster_objects against a scripted API server: what it says and refuses before it applies."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from tests.playbook_run import run_playbook
from tests.unit.plugins.modules.cluster_documents import DOCUMENTS, INVENTORIES, applied, kubeconfig
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

PLAY = [
    {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [{"ansible.builtin.include_role": {"name": "inference.stack.cluster_objects"}}],
    }
]


def service(namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "litellm", "namespace": namespace},
        "spec": {"type": "NodePort", "ports": [{"port": 4000, "nodePort": 30400}]},
    }


@pytest.fixture
def cluster(server: ScriptedServer) -> ScriptedServer:
    """The site of namespace ml, asked for what it would have in ml2."""
    documents = {
        **DOCUMENTS,
        "/api/v1/services": {"items": [service("ml")]},
        INVENTORIES: {"items": [applied("litellm", "ml", "v1 Service ml/litellm")]},
    }
    for path, document in documents.items():
        server.routes[f"GET {path}"] = functools.partial(Exchange.reply, body=document)
    return server


@pytest.mark.parametrize("words", [[], ["--check"]])
def test_a_taken_node_port_is_refused_before_anything_is_applied(
    cluster: ScriptedServer, tmp_path: Path, words: list[str]
) -> None:
    play = tmp_path / "play.yml"
    play.write_text(json.dumps(PLAY))
    wanted = {"owner": "litellm", "namespace": "ml2", "definitions": [service("ml2")]}
    variables = {
        "cluster_objects_kubeconfig": kubeconfig(cluster),
        "cluster_objects_sets": [{**wanted, "node_port_input": "litellm_node_port"}],
    }
    done = run_playbook(play, *words, variables=variables, inventory="localhost,")
    assert done.returncode == 2, done.stdout
    shown = " ".join(done.stdout.split())
    assert "Namespace ml still has 1 object of litellm" in shown
    assert (
        "Node port 30400 of ml2/litellm belongs to Service ml/litellm. Change litellm_node_port, or remove "
        "that Service (kubectl -n ml delete service litellm)."
    ) in shown
    assert not [request for request in cluster.requests if request.content], "nothing was sent"


def test_kinds_of_others_are_refused_in_the_words_of_the_one_who_asks(
    cluster: ScriptedServer, tmp_path: Path
) -> None:
    play = tmp_path / "play.yml"
    play.write_text(json.dumps(PLAY))
    route = {
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "IngressRoute",
        "metadata": {"name": "litellm", "namespace": "ml2"},
        "spec": {"routes": []},
    }
    told = {
        "api_version": "traefik.io/v1alpha1",
        "kind": "IngressRoute",
        "told": "Install Traefik, or change a_kind.",
    }
    variables = {
        "cluster_objects_kubeconfig": kubeconfig(cluster),
        "cluster_objects_sets": [
            {"owner": "litellm", "namespace": "ml2", "definitions": [route], "kinds": [told]},
        ],
        "__cluster_objects_kinds_timeout": 0,
    }
    done = run_playbook(play, variables=variables, inventory="localhost,")
    assert done.returncode == 2, done.stdout
    assert told["told"] in " ".join(done.stdout.split())
    assert not [request for request in cluster.requests if request.content], "nothing was sent"
