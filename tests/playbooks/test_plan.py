"""plan.yml as a command: it tells without changing, with hosts and cluster or without."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import ROOT, run_playbook
from tests.unit.plugins.modules.cluster_documents import INVENTORIES, applied, kubeconfig, resources
from tests.unit.plugins.plugin_utils.reporting.reports import pod_templates
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

GPU: dict[str, Any] = {
    "inference_host_gpus": [{"gpu": "rtx-3060-12gb"}],
    "inference_host_driver": "570.195.03",
}
HERE: dict[str, Any] = {
    "ansible_connection": "local",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    "ansible_become": False,
}
MODULE = "inference.stack.deployment_info"
# Nothing listens there.
NOWHERE: dict[str, Any] = {"ansible_host": "127.0.0.1", "ansible_port": 9}


@pytest.fixture
def cluster(server: ScriptedServer) -> ScriptedServer:
    """It runs an engine with another context than the example's."""
    engine = {
        "metadata": {"name": "vllm-qwen3-8b-awq"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "x"}},
            "template": pod_templates()["live"],
        },
    }
    container = engine["spec"]["template"]["spec"]["containers"][0]
    container["args"][container["args"].index("--max-model-len") + 1] = "4096"
    documents = {
        "/api/v1": resources(("ConfigMap", "configmaps", True)),
        "/apis/apps/v1/namespaces/ml/deployments": {"items": [engine]},
        "/api/v1/namespaces/ml/pods?labelSelector=app%3Dx": {"items": []},
        INVENTORIES: {"items": [applied("open-webui", "ml", "v1 Service ml/open-webui")]},
        "/api/v1/namespaces/ml/configmaps/inference-mode": {"data": {"mode": "ml"}},
    }
    for path, document in documents.items():
        server.routes[f"GET {path}"] = functools.partial(Exchange.reply, body=document)
    return server


def test_without_hosts_and_cluster_it_plans_from_the_inventory() -> None:
    done = run_playbook("plan.yml", variables=NOWHERE | GPU)
    assert done.returncode == 0, done.stdout[-2000:]
    shown = done.stdout[done.stdout.index("msg: |-") :]
    for words in (
        "MODEL  qwen3-8b-awq",
        "30,000",
        "not compared, no cluster answers",
        "Plan: 1 not compared",
    ):
        assert words in shown
    assert max(len(line) for line in shown.partition("PLAY RECAP")[0].splitlines()) <= 100
    assert "changed=0" in done.stdout


def test_in_check_mode_it_writes_what_it_compared(cluster: ScriptedServer, tmp_path: Path) -> None:
    wanted = {"plan_format": "json", "plan_output": "plan.json"}
    variables = HERE | GPU | wanted | {"inference_kubeconfig": kubeconfig(cluster)}
    done = run_playbook("plan.yml", "--check", variables=variables, folder=tmp_path)
    assert done.returncode == 0, done.stdout[-2000:]
    written = tmp_path / "plan.json"
    assert f"The plan is in {written}" in done.stdout
    assert written.stat().st_mode & 0o777 == 0o644
    document = json.loads(written.read_text())
    assert document["plan"]["vllm_models"][0]["name"] == "qwen3-8b-awq"
    assert [row["asked"] for row in document["observed"]["hosts"]] == [True]
    assert document["comparison"]["downloads"][0]["free_bytes"] > 0
    (model,) = document["comparison"]["models"]
    assert model["status"] == "restarts"
    assert [(row["part"], row["status"]) for row in document["comparison"]["parts"]] == [("chat", "stays")]
    changes = {change["name"]: (change["old"], change["new"]) for change in model["changes"]}
    assert changes["--max-model-len"] == ("4096", "8192")
    assert {request.path for request in cluster.requests} == {
        path.removeprefix("GET ") for path in cluster.routes
    }


def test_it_asks_for_every_owner_of_the_site() -> None:
    """An owner that it does not know would never be told."""
    owners = set()
    for path in ROOT.glob("roles/*/vars/main.yml"):
        role = yaml.safe_load(path.read_text())
        for name, sets in role.items():
            if name.endswith("_sets") and isinstance(sets, list):
                written = [str(one["owner"]).strip("{} ") for one in sets]
                owners |= {role.get(owner, owner) for owner in written}
    plays = yaml.safe_load((ROOT / "playbooks" / "plan.yml").read_text())
    tasks = [task for play in plays for task in play.get("tasks") or []]
    (asked,) = (task[MODULE] for task in tasks if MODULE in task)
    assert set(asked["inventories"]) == owners, "playbooks/plan.yml: inventories has to name each owner."


def test_another_format_is_refused_before_anything_else() -> None:
    done = run_playbook("plan.yml", variables=NOWHERE | {"plan_format": "yaml"})
    assert done.returncode != 0
    assert "plan_format is yaml. Choose table or json." in done.stdout
    assert "Read PCI devices" not in done.stdout


def test_what_cannot_work_fails_with_the_planners_words() -> None:
    done = run_playbook(
        "plan.yml", variables=GPU | {"plan_offline": True, "inference_models": ["qwen3-8b-awk"]}
    )
    assert done.returncode != 0
    assert "inference_models[0].name" in done.stdout and "qwen3-8b-awq" in done.stdout
    assert "Show the plan" not in done.stdout


def imported(playbook: str) -> set[str]:
    """A playbook and all that it imports, by path."""
    path = Path(playbook)
    plays = yaml.safe_load((ROOT / "playbooks" / path).read_text())
    inner = [path.parent / play["ansible.builtin.import_playbook"] for play in plays if "hosts" not in play]
    return {playbook}.union(*(imported(str(one)) for one in inner))


@pytest.mark.parametrize("playbook", ["site.yml", "render.yml"])
def test_others_compute_the_plan_without_showing_it(playbook: str) -> None:
    assert "steps/compute_plan.yml" in imported(playbook) & imported("plan.yml")
    assert "plan.yml" not in imported(playbook)
