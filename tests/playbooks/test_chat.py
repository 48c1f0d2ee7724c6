"""chat.yml and its place in the site: what is refused before anything changes, and what it would apply."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import ROOT, run_playbook
from tests.playbooks.test_operating import AWAY, KEY, MODEL, NOBODY
from tests.unit.plugins.scripted_server import ScriptedServer

CHAT_KEY = "sk-" + "c" * 32
KEYS = [{"name": "home", "key": KEY}, {"name": "chat", "key": CHAT_KEY}]
# An API server that nobody has to wait for.
NO_CLUSTER = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "none",
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:9"}}],
    "users": [{"name": "none", "user": {"token": "unused"}}],
}
READY: dict[str, Any] = {
    "inference_kubeconfig": NO_CLUSTER,
    "litellm_keys": KEYS,
    "litellm_master_key": "sk-" + "m" * 32,
    "open_webui_secret_key": "s" * 32,
    "chat_key_timeout": 0,
}


def play(name: str, variables: dict[str, Any], *words: str) -> subprocess.CompletedProcess[str]:
    return run_playbook(f"{name}.yml", *words, variables=AWAY | variables)


@pytest.fixture
def gateway(server: ScriptedServer) -> ScriptedServer:
    server.serve_model(MODEL)
    return server


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"litellm_keys": KEYS[:1], "open_webui_secret_key": "short"},
            [
                "open_webui_gateway_key is empty",
                "name chat",
                "openssl rand",
                "open_webui_secret_key has fewer",
            ],
        ),
        ({"open_webui_admin_email": "me@example.com"}, ["open_webui_admin_password", "Set both"]),
        (
            {"open_webui_admin_email": "me@example.com", "open_webui_admin_password": "ä" * 40},
            ["open_webui_admin_password", "72 bytes"],
        ),
        ({"open_webui_storage_size": "ten"}, ["open_webui_storage_size is not a size"]),
        ({"open_webui_environment": {"OPENAI_API_KEY": "x"}}, ["OPENAI_API_KEY", "open_webui_gateway_key"]),
        ({"chat_state": "gone"}, ["chat_state is gone", "present, absent"]),
        ({"chat_data": "absent"}, ["chat_state=absent"]),
    ],
    ids=[
        "no keys",
        "half an administrator",
        "password for no bcrypt",
        "no size",
        "key twice",
        "state",
        "data",
    ],
)
def test_mistakes_are_refused_by_name(given: dict[str, Any], words: list[str]) -> None:
    done = play("chat", READY | {"inference_gateway_url": NOBODY} | given)
    text = " ".join(done.stdout.split())
    assert done.returncode == 2
    assert [word for word in words if word not in text] == [], done.stdout[-3000:]
    assert CHAT_KEY not in done.stdout + done.stderr
    assert "changed=0" in done.stdout


def test_a_gateway_that_is_away_is_told_before_anything_changes() -> None:
    done = play("chat", READY | {"inference_gateway_url": NOBODY})
    assert done.returncode == 2
    assert "playbooks/doctor.yml names the layer" in " ".join(done.stdout.split())
    assert "changed=0" in done.stdout


def test_a_key_that_the_gateway_does_not_know_is_told_with_the_way_out(gateway: ScriptedServer) -> None:
    gateway.routes["GET /v1/models"] = lambda exchange: exchange.reply({"error": "no"}, 401)
    done = play("chat", READY | {"inference_gateway_url": gateway.url})
    assert done.returncode == 2
    assert "entry named chat: run playbooks/site.yml" in " ".join(done.stdout.split())
    assert CHAT_KEY not in done.stdout + done.stderr


def test_the_chat_shows_its_own_key(gateway: ScriptedServer) -> None:
    done = play("chat", READY | {"inference_gateway_url": gateway.url})
    asked = [request.headers.get("Authorization") for request in gateway.requests if "models" in request.path]
    assert asked and set(asked) == {f"Bearer {CHAT_KEY}"}
    # The gateway is content, and the cluster is next.
    assert done.returncode == 2
    assert "observe" in done.stdout and "litellm_keys" not in done.stdout


def test_check_mode_lists_what_a_site_without_a_cluster_would_get() -> None:
    bare = READY | {"inference_kubeconfig": {}, "inference_gateway_url": NOBODY}
    done = play("chat", bare, "--check")
    assert done.returncode == 0, done.stdout[-3000:]
    listed = ("Claim ml/open-webui-data", "Secret ml/open-webui-environment", "Service ml/open-webui")
    assert [name for name in listed if name not in done.stdout] == []
    assert "changed=1" in done.stdout and CHAT_KEY not in done.stdout
    gone = play("chat", bare | {"chat_state": "absent", "chat_data": "absent"}, "--check")
    assert gone.returncode == 0, gone.stdout[-3000:]
    assert "changed=0" in gone.stdout


def test_a_site_without_a_chat_writes_none(tmp_path: Path) -> None:
    done = play("render", {"render_output": str(tmp_path)} | READY, "--check")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "(item=litellm/deployment-litellm.yaml)" in done.stdout
    assert "open-webui" not in done.stdout


def test_a_site_with_a_chat_gets_the_plans_names(tmp_path: Path) -> None:
    given = {"inference_chat": True, "litellm_port": 4100}
    done = play("render", {"render_output": str(tmp_path), **READY, **given})
    assert done.returncode == 0, done.stdout[-3000:]
    text = "".join(path.read_text("utf-8") for path in tmp_path.rglob("*.yaml*"))
    chat = yaml.safe_load((tmp_path / "open-webui/deployment-open-webui.yaml").read_text("utf-8"))
    (container,) = chat["spec"]["template"]["spec"]["containers"]
    environment = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert environment["DEFAULT_MODELS"] == MODEL
    assert environment["OPENAI_API_BASE_URL"] == "http://litellm.ml.svc.cluster.local:4100/v1"
    assert CHAT_KEY not in text
    claim = tmp_path / "open-webui-data/persistentvolumeclaim-open-webui-data.yaml"
    assert yaml.safe_load(claim.read_text("utf-8"))["kind"] == "PersistentVolumeClaim"


def test_an_inherited_inventory_that_wants_a_chat_gives_it_the_same_inputs(tmp_path: Path) -> None:
    show = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars_files": [str(ROOT / "playbooks" / "vars" / "cluster_inputs.yml")],
        "vars": {"seen": ["{{ __inference_chat }}", "{{ open_webui_gateway_url }}"]},
        "tasks": [
            {"ansible.builtin.debug": {"msg": "SEEN={{ (seen + open_webui_default_models) | to_json }}"}}
        ],
    }
    (tmp_path / "show.yml").write_text(json.dumps([show]))
    inherited: dict[str, Any] = {
        "inference_models": [],
        "inference_tiers": None,
        "vllm_model_name": "qwen3-8b-awq",
        "vllm_kv_cache_dtype": "auto",
        "enable_chat": True,
    }
    done = play("steps/compute_plan", READY | inherited | {"litellm_port": 4100}, str(tmp_path / "show.yml"))
    seen = json.dumps([True, "http://litellm.ml.svc.cluster.local:4100/v1", MODEL])
    assert f"SEEN={seen}" in done.stdout, done.stdout[-3000:]
