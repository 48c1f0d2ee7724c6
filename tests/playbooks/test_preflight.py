"""A site whose inputs are wrong is refused before any host changes, with the variable named."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import ROOT, environment, run_playbook
from tests.unit.plugins.modules.cluster_documents import kubeconfig
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

KEY = "sk-" + "0" * 32
SECRETS = {"vault_k3s_token": "0" * 32, "vault_litellm_home_key": KEY, "vault_litellm_master_key": KEY}
# Only tasks that read are selected.
WHOLE = ["site.yml", "--tags", "plan"]
# What site.yml does before anything changes. Alone it is loaded in half the time.
BEGINNING = [
    str(ROOT / "playbooks/steps" / f"{name}.yml")
    for name in ("check_controller", "compute_plan", "preflight")
]


def run_site(words: list[str], variables: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """The example site with its hosts replaced by this machine."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    return run_playbook(*words, variables=local | variables)


def test_the_site_begins_with_what_changes_nothing() -> None:
    site = ROOT / "playbooks" / "site.yml"
    plays = yaml.safe_load(site.read_text("utf-8"))[: len(BEGINNING)]
    assert [str(site.parent / play["ansible.builtin.import_playbook"]) for play in plays] == BEGINNING
    assert [play["tags"] for play in plays] == [["always"]] * len(BEGINNING)
    assert plays[1]["vars"]["__inference_ask_hosts"] is True


def test_the_example_site_passes_once_its_secrets_are_there() -> None:
    done = run_site(WHOLE, SECRETS)
    assert done.returncode == 0, done.stdout[-2000:]
    assert KEY not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("run", "broken", "words"),
    [
        (WHOLE, {"vault_k3s_token": None}, ["k3s_token"]),
        (BEGINNING, {"vault_litellm_master_key": "sk-short"}, ["litellm_master_key", "openssl rand"]),
        (
            BEGINNING,
            {"inference_models": [{"name": "qwen3-8b-awk"}]},
            ["inference_models[0]", "qwen3-8b-awq"],
        ),
        (
            WHOLE,
            {"ollama_resources": {"requests": {"cpu": "1000"}}},
            ["ollama_resources: ollama asks for 1000 CPU", "none has more than"],
        ),
        (BEGINNING, {"k3s_node_labels": ["gpu"]}, ["k3s_node_labels", "dict"]),
        (BEGINNING, {"litellm_replicas": "many"}, ["litellm_replicas", "int"]),
        (
            BEGINNING,
            {"litellm_keys": [{"name": "n8n", "key": KEY, "never_fall_back_to": ["clowd"]}]},
            ["never_fall_back_to", "clowd", "gpu, cpu, cloud"],
        ),
        (
            BEGINNING,
            {"litellm_keys": [{"name": "n8n", "key": KEY, "budget_month": 20}]},
            ["litellm_state_path", "litellm_state_claim"],
        ),
        (
            BEGINNING,
            {"litellm_ingress": {"kind": "Ingress", "host": "llm.example.com"}},
            ["litellm_ingress has no certificate", "litellm_ingress.tls_secret", "litellm_ingress.issuer"],
        ),
        (
            BEGINNING,
            {
                "litellm_ingress": {"kind": "Ingress", "host": "llm.example.com", "tls": "controller"},
                "litellm_allowed_peers": [{"podSelector": {}}],
            },
            ["litellm_ingress.controller_namespace is missing", "litellm_allowed_peers"],
        ),
        (
            BEGINNING,
            {"litellm_ingress": {"kind": "HTTPRoute", "host": "llm.example.com"}},
            ["litellm_ingress.parents", "Name the Gateway"],
        ),
        (
            BEGINNING,
            {"inference_chat": True},
            ["open_webui_gateway_key is empty", "litellm_keys", "open_webui_secret_key"],
        ),
    ],
    ids=[
        *("missing secret", "weak key", "unknown model", "no room"),
        *("wrong type on a host", "wrong type in the cluster"),
        "unknown tier of a key",
        "budget that nobody keeps",
        *("front door without a certificate", "front door that is locked", "front door without a Gateway"),
        "chat without keys",
    ],
)
def test_broken_inputs_are_refused_by_name(run: list[str], broken: dict[str, Any], words: list[str]) -> None:
    variables = {name: value for name, value in (SECRETS | broken).items() if value is not None}
    done = run_site(run, variables)
    assert done.returncode != 0
    assert [word for word in words if word not in done.stdout] == [], done.stdout[-2000:]
    assert "Traceback" not in done.stdout + done.stderr
    assert "changed=0" in done.stdout


ROUTE = {"kind": "IngressRoute", "host": "llm.example.com", "tls": "controller"}
TRAEFIK = {"resources": [{"kind": "IngressRoute", "name": "ingressroutes", "namespaced": True}]}


@pytest.mark.parametrize(
    ("door", "known", "words"),
    [
        (ROUTE, {}, ["litellm_ingress.kind is IngressRoute", "Install Traefik", "choose another kind"]),
        (ROUTE, {"/apis/traefik.io/v1alpha1": TRAEFIK}, []),
        (
            ROUTE | {"tls": "own", "issuer": {"name": "a"}},
            {"/apis/traefik.io/v1alpha1": TRAEFIK},
            ["litellm_ingress.issuer is set", "Install cert-manager"],
        ),
        (ROUTE | {"kind": "HTTPRoute", "parents": [{"name": "public"}]}, {}, ["Install the Gateway API"]),
        (ROUTE | {"kind": "Ingress"}, {}, []),
    ],
    ids=["no Traefik", "Traefik", "no cert-manager", "no Gateway API", "a plain Ingress"],
)
@pytest.mark.parametrize("words_of_ansible", [[], ["--check"]])
def test_a_kind_that_the_cluster_lacks_is_refused_before_anything_changes(
    server: ScriptedServer, door: Any, known: dict[str, Any], words: list[str], words_of_ansible: list[str]
) -> None:
    for path, document in known.items():
        server.routes[f"GET {path}"] = functools.partial(Exchange.reply, body=document)
    variables = {"litellm_ingress": door, "inference_kubeconfig": kubeconfig(server)}
    done = run_site([*BEGINNING, *words_of_ansible], SECRETS | variables)
    assert (done.returncode != 0) == bool(words), done.stdout[-2000:]
    assert [word for word in words if word not in done.stdout] == [], done.stdout[-2000:]
    assert "changed=0" in done.stdout
    assert not [request for request in server.requests if request.content], "nothing was sent"


def test_where_there_is_no_cluster_yet_the_run_goes_on() -> None:
    done = run_site(BEGINNING, SECRETS | {"litellm_ingress": ROUTE})
    assert done.returncode == 0, done.stdout[-2000:]


def test_a_controller_that_lacks_something_is_told_before_a_host_is_touched() -> None:
    # Extra variables win over the task's own.
    done = run_site(
        WHOLE, SECRETS | {"__inference_controller_gaps": ["python has not it. Run: pip install it"]}
    )
    assert done.returncode == 2
    assert "python has not it. Run: pip install it" in done.stdout
    assert done.stdout.count("TASK [") == 1


def test_what_the_controller_lacks_is_found_where_ansible_looks(tmp_path: Path) -> None:
    core = tmp_path / "ansible_collections/kubernetes/core"
    core.mkdir(parents=True)
    manifest = {"collection_info": {"namespace": "kubernetes", "name": "core", "version": "5.4.1"}}
    (core / "MANIFEST.json").write_text(json.dumps(manifest))
    # A process of its own: where collections are is read once.
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), ROOT / "playbooks/steps/check_controller.yml"],
        env=environment(ANSIBLE_COLLECTIONS_PATH=f"{tmp_path}:{ROOT / '.ansible/collections'}"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Ansible has the collection kubernetes.core 5.4.1. Run: ansible-galaxy" in done.stdout


def test_an_ansible_that_is_too_old_is_told() -> None:
    done = run_playbook("steps/check_controller.yml", variables={"__inference_least_ansible": "99.1"})
    assert done.returncode == 2
    assert '-m pip install --upgrade "ansible-core>=99.1"' in " ".join(done.stdout.split())
