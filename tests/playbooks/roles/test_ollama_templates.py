"""What the role ollama asks a cluster for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.playbook_run import run_playbook
from tests.playbooks.roles.cluster_roles import container_of, environment_of, one, pod_of


def test_the_server_keeps_its_models_on_the_host() -> None:
    server = one("ollama", "Deployment", "ollama")
    assert server["spec"]["strategy"] == {"type": "Recreate"}
    volume, temporary = pod_of(server)["volumes"]
    assert volume["hostPath"] == {"path": "/var/lib/ollama", "type": "DirectoryOrCreate"}
    assert temporary["emptyDir"] == {}
    assert container_of(server)["volumeMounts"] == [
        {"name": "models", "mountPath": "/root/.ollama"},
        {"name": "temporary", "mountPath": "/tmp"},
    ]


def test_the_server_listens_and_keeps_models_loaded() -> None:
    server = one("ollama", "Deployment", "ollama")
    assert environment_of(server) == {
        "OLLAMA_HOST": "0.0.0.0:11434",
        "OLLAMA_KEEP_ALIVE": "24h",
        "OLLAMA_MODELS": "/root/.ollama/models",
    }
    assert container_of(server)["readinessProbe"]["httpGet"] == {"path": "/", "port": "http"}


def test_the_service_and_who_may_reach_it() -> None:
    (port,) = one("ollama", "Service", "ollama")["spec"]["ports"]
    assert port["port"] == 11434
    (rule,) = one("ollama", "NetworkPolicy", "ollama")["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "litellm"}}}]


@pytest.mark.parametrize(
    ("models", "kinds"),
    [([], []), ([{"name": "qwen3:4b"}], ["Deployment", "Service", "Service", "NetworkPolicy"])],
)
def test_without_models_it_wants_nothing(
    tmp_path: Path, models: list[dict[str, str]], kinds: list[str]
) -> None:
    """So the next run removes what an earlier one applied."""
    role = {"name": "inference.stack.ollama", "tasks_from": "render.yml", "public": True}
    shown = "WANTED={{ ollama_object_sets[0].definitions | map(attribute='kind') | join(' ') }}."
    play = tmp_path / "play.yml"
    tasks = [{"ansible.builtin.include_role": role}, {"ansible.builtin.debug": {"msg": shown}}]
    play.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = run_playbook(play, variables={"ollama_models": models}, inventory="localhost,")
    assert f"WANTED={' '.join(kinds)}." in done.stdout, done.stdout
