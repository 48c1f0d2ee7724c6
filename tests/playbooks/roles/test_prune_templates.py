"""How the role vllm looks for models that nobody needs: a Job for each cache."""

from __future__ import annotations

import base64
import functools
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from tests.playbook_run import ROOT, run_playbook
from tests.playbooks.roles.cluster_roles import INPUTS, container_of, pod_of
from tests.playbooks.roles.test_fetch_templates import MODEL
from tests.pod_security import violations

ROLE = ROOT / "roles/vllm"
TEMPLATE = ROLE / "templates/prune_job.yml.j2"


def node(name: str, ready: str = "True") -> dict[str, Any]:
    conditions = [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": ready}]
    return {"metadata": {"name": name}, "status": {"conditions": conditions}}


NODES = [node("gpu-box.house"), node("other"), node("off", "Unknown")]


@functools.cache
def rendered(changes: str = "{}", *words: str) -> dict[str, Any]:
    """The objects of tasks/prune.yml, and what it would say."""
    variables = {
        **INPUTS,
        "vllm_models": [MODEL],
        "role_path": str(ROLE),
        "__vllm_prune_seen_nodes": {"resources": NODES},
        "__vllm_prune_seen_engines": {"resources": []},
        **json.loads(changes),
    }
    found = {
        "objects": f"{{{{ lookup('ansible.builtin.template', '{TEMPLATE}') | from_yaml_all | list }}}}",
        "away": "{{ __vllm_prune_away }}",
        "refused": "{{ __vllm_prune_needed_names }}",
    }
    tasks: list[dict[str, Any]] = [
        {
            "ansible.builtin.include_role": {
                "name": "inference.stack.vllm",
                "tasks_from": "render.yml",
                "public": True,
            }
        },
        {
            "ansible.builtin.debug": {"msg": "RESULT={{ __found | to_json | b64encode }}"},
            "vars": {"__found": found},
        },
    ]
    play = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": variables,
            "tasks": tasks,
        }
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "play.yml")
        path.write_text(json.dumps(play), encoding="utf-8")
        finished = run_playbook(path, *words, inventory="localhost,")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    told = re.search(r"RESULT=([A-Za-z0-9+/=]+)", finished.stdout)
    assert told, finished.stdout
    loaded: dict[str, Any] = json.loads(base64.b64decode(told[1]))
    return loaded


def jobs(changes: str = "{}", *words: str) -> list[dict[str, Any]]:
    return [item for item in rendered(changes, *words)["objects"] if item["kind"] == "Job"]


def test_a_job_for_each_node_that_is_ready() -> None:
    found = jobs()
    assert [pod_of(job)["nodeSelector"]["kubernetes.io/hostname"] for job in found] == [
        "gpu-box.house",
        "other",
    ]
    assert rendered()["away"] == ["off"]
    assert len({job["metadata"]["name"] for job in found}) == 2
    for job in found:
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", job["metadata"]["name"])


def test_it_is_told_what_stays() -> None:
    command = container_of(jobs()[0])["command"]
    assert command[1].endswith("/prune_models.py")
    assert command[2:] == ["--needed=Qwen/Qwen3-8B-AWQ@abc123", "--needed=Qwen/Qwen3-8B@main", "--remove"]


def test_check_mode_only_looks() -> None:
    assert "--remove" not in container_of(jobs("{}", "--check")[0])["command"]


def test_what_a_person_names_goes_unless_a_model_needs_it() -> None:
    named = json.dumps({"vllm_prune_also": ["org/old", "Qwen/Qwen3-8B"]})
    assert "--named=org/old" in container_of(jobs(named)[0])["command"]
    assert rendered(named)["refused"] == ["Qwen/Qwen3-8B"]
    assert rendered()["refused"] == []


def test_the_programs_are_those_that_are_tested() -> None:
    (programs,) = (item for item in rendered()["objects"] if item["kind"] == "ConfigMap")
    files = (path for path in (ROLE / "files").glob("*.py") if path.name != "engine_watchdog.py")
    paths = [*files, ROOT / "plugins/module_utils/hosts/cache/unneeded.py"]
    assert programs["data"] == {path.name: path.read_text("utf-8").rstrip("\n") for path in paths}


def test_one_job_looks_into_a_claim() -> None:
    (job,) = jobs(json.dumps({"vllm_cache_claim_size": "200Gi"}))
    assert "kubernetes.io/hostname" not in pod_of(job)["nodeSelector"]
    assert {"name": "cache", "persistentVolumeClaim": {"claimName": "vllm-models"}} in pod_of(job)["volumes"]
    assert job["metadata"]["annotations"]["inference.stack/cache"] == "ml/vllm-models"
    assert violations(job["spec"]["template"]) == []
