"""Renders the cluster roles with Ansible's own templating, all of them in one run."""

from __future__ import annotations

import base64
import functools
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.playbook_run import run_playbook

QWEN = {
    "name": "qwen3-8b-awq",
    "served_name": "Qwen/Qwen3-8B-AWQ",
    "deployment": "vllm-qwen3-8b-awq",
    "service": "qwen3-8b-awq-inference",
    "mode": "ml",
    "active": True,
    "arguments": ["--model", "Qwen/Qwen3-8B-AWQ", "--enforce-eager"],
    "environment": {"HF_HUB_OFFLINE": "1"},
    "node_selector": {"gpu-type": "rtx-3060"},
    "gpus": 1,
    "resources": {"requests": {"cpu": "2"}, "limits": {"memory": "16Gi"}},
    "probes": {"startup": {"failureThreshold": 30}, "liveness": {"initialDelaySeconds": 120}},
    "load_timeout": 120,
    "annotations": {"inference.stack/requirements": "REQ-12"},
}
R1 = {
    "name": "r1",
    "deployment": "vllm-r1",
    "service": "r1-inference",
    "mode": "r1",
    "active": False,
    "arguments": ["--model", "some/r1", "--port", "8000"],
}
CONSUMER_KEY = "sk-n8n-0123456789abcdef"
MASTER_KEY = "sk-master-0123456789abcdef0123"
PROVIDER_KEY = "sk-provider-0123456789abcdef"
CHAT_KEY = "sk-chat-0123456789abcdef"
SESSION_KEY = "signs-sessions-0123456789abcdef0123"
ADMIN_PASSWORD = "correct horse battery"
HUB_TOKEN = "hf_0123456789abcdef"

INPUTS: dict[str, Any] = {
    "vllm_image": "vllm/vllm-openai:v0.8.5.post1",
    "vllm_models": [QWEN, R1],
    "vllm_hf_token": HUB_TOKEN,
    "vllm_extra_volumes": [{"name": "site", "hostPath": {"path": "/opt/site"}}],
    "vllm_extra_volume_mounts": [{"name": "site", "mountPath": "/opt/site", "readOnly": True}],
    "ollama_models": [{"name": "qwen3:4b"}],
    "litellm_models": [
        {
            "model_name": "Qwen/Qwen3-8B-AWQ",
            "litellm_params": {"model": "hosted_vllm/Qwen/Qwen3-8B-AWQ"},
            "model_info": {"tier": "gpu"},
        },
        {"model_name": "qwen3:4b", "litellm_params": {"model": "ollama_chat/qwen3:4b"}},
    ],
    "litellm_engines": [
        {"name": "qwen3-8b-awq-inference", "url": "http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000"},
        {"name": "ollama", "url": "http://ollama.ml.svc.cluster.local:11434", "check": "/api/version"},
    ],
    "litellm_fallbacks": [{"Qwen/Qwen3-8B-AWQ": ["qwen3:4b"]}],
    "litellm_aliases": {"vllm-qwen": "Qwen/Qwen3-8B-AWQ"},
    "litellm_router_settings": {"cooldown_time": 7},
    "litellm_master_key": MASTER_KEY,
    "litellm_keys": [{"name": "n8n", "key": CONSUMER_KEY, "models": ["vllm-qwen"], "rpm": 60}],
    "litellm_environment_secret": {"OPENAI_API_KEY": PROVIDER_KEY},
    "open_webui_gateway_url": "http://litellm.ml.svc.cluster.local:4000/v1",
    "open_webui_gateway_key": CHAT_KEY,
    "open_webui_secret_key": SESSION_KEY,
    "open_webui_admin_email": "admin@example.com",
    "open_webui_admin_password": ADMIN_PASSWORD,
    "open_webui_default_models": ["Qwen/Qwen3-8B-AWQ"],
}
ROLES = ("device_plugin", "ollama", "vllm", "litellm", "open_webui")


def _play(roles: Sequence[str], inputs: dict[str, Any]) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = []
    facts: dict[str, str] = {}
    for role in roles:
        include = {"name": f"inference.stack.{role}", "tasks_from": "render.yml", "public": True}
        tasks.append({"ansible.builtin.include_role": include})
        facts[role] = f"{{{{ {role}_objects }}}}"
    sets = f"({' + '.join(f'{role}_object_sets' for role in roles)}) | inference.stack.object_sets"
    facts["secrets"] = f"{{{{ {sets} | map(attribute='secrets') | flatten }}}}"
    data = "selectattr('owner', 'equalto', 'open-webui-data') | map(attribute='definitions') | flatten"
    facts["open_webui_data"] = f"{{{{ {sets} | {data} }}}}"
    shown = {"msg": "RESULT={{ __rendered | to_json | b64encode }}"}
    tasks.append({"ansible.builtin.debug": shown, "vars": {"__rendered": facts}})
    return [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": inputs,
            "tasks": tasks,
        }
    ]


@functools.cache
def rendered(changes: str = "{}") -> dict[str, list[dict[str, Any]]]:
    """The objects of every role, and all Secrets under ``secrets``.

    JSON of other inputs may be given: of the roles that have them, that is; the others are left out.
    """
    changed: dict[str, Any] = json.loads(changes)
    roles = [role for role in ROLES if any(name.startswith(f"{role}_") for name in changed)] or ROLES
    with tempfile.TemporaryDirectory() as folder:
        play = Path(folder, "play.yml")
        play.write_text(json.dumps(_play(roles, INPUTS | changed)), encoding="utf-8")
        finished = run_playbook(play, inventory="localhost,")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    found = re.search(r"RESULT=([A-Za-z0-9+/=]+)", finished.stdout)
    assert found, finished.stdout
    loaded: dict[str, list[dict[str, Any]]] = json.loads(base64.b64decode(found[1]))
    return loaded


def one(role: str, kind: str, name: str, changes: str = "{}") -> dict[str, Any]:
    """The object of that kind and name."""
    objects = rendered(changes)[role]
    found = [item for item in objects if (item["kind"], item["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, f"{kind} {name}: {len(found)}"
    return found[0]


def pod_of(workload: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def container_of(workload: dict[str, Any]) -> dict[str, Any]:
    containers = pod_of(workload)["containers"]
    assert len(containers) == 1
    only: dict[str, Any] = containers[0]
    return only


def environment_of(workload: dict[str, Any]) -> dict[str, Any]:
    return {
        entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container_of(workload)["env"]
    }
