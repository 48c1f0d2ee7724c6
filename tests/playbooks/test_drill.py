"""drill.yml takes tiers away only from a site that is marked for it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.playbook_run import run_playbook
from tests.unit.plugins.drill_site import DrillSite
from tests.unit.plugins.modules.cluster_documents import kubeconfig
from tests.unit.plugins.scripted_server import ScriptedServer

KEY = "sk-" + "0" * 32
MODEL = "Qwen/Qwen3-8B-AWQ"


def serve(server: ScriptedServer) -> DrillSite:
    addresses = {
        "gpu": "http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000/v1",
        "cpu": "http://ollama.ml.svc.cluster.local:11434",
    }
    site = DrillSite(
        server, engine="vllm-qwen3-8b-awq", model=MODEL, cpu_model="qwen3:4b", addresses=addresses
    )
    return site.serve()


def drill(site: DrillSite, folder: Path, *words: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    given = {
        "vault_k3s_token": "0" * 32,
        "vault_litellm_home_key": KEY,
        "vault_litellm_master_key": KEY,
        "inference_host_gpus": [{"gpu": "rtx-3060-12gb", "count": 1}],
        "inference_gateway_url": site.server.url,
        "inference_kubeconfig": kubeconfig(site.server),
        "drill_requests": 60,
        "drill_pause": 0.01,
        "drill_first_limit": 1,
        "drill_steady_limit": 1,
        "drill_output": str(folder / "drill.json"),
    }
    return run_playbook("drill.yml", *words, variables=given | variables)


def test_a_site_that_is_not_marked_is_refused_and_nobody_is_asked(
    server: ScriptedServer, tmp_path: Path
) -> None:
    done = drill(serve(server), tmp_path)
    assert done.returncode == 2
    told = " ".join(done.stdout.split())
    assert "This site is not marked for drills" in told and "inference_drillable: true" in told
    assert server.requests == []


def test_a_marked_site_is_drilled_and_the_figures_are_kept(server: ScriptedServer, tmp_path: Path) -> None:
    site = serve(server)
    done = drill(site, tmp_path, inference_drillable=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "changed=0" in done.stdout
    assert "tier gpu is taken away: scale of vllm-qwen3-8b-awq" in done.stdout
    assert site.history == ["vllm-qwen3-8b-awq 0", "ollama 0", "ollama 1", "vllm-qwen3-8b-awq 1"]
    assert "without gpu and cpu" in done.stdout
    kept = json.loads((tmp_path / "drill.json").read_text())
    assert (kept["format"], kept["model"], kept["passed"], kept["failures"]) == (1, MODEL, True, 0)
    assert type(kept["failures"]) is int
    assert KEY not in done.stdout + done.stderr + (tmp_path / "drill.json").read_text()


def test_a_drill_that_fails_is_shown_and_kept_first(server: ScriptedServer, tmp_path: Path) -> None:
    site = serve(server)
    site.flaws = {"fails"}
    done = drill(site, tmp_path, inference_drillable=True, drill_way="kill")
    assert done.returncode == 2
    assert "NOT AS PROMISED" in done.stdout
    assert "requests failed that had not begun to stream" in " ".join(done.stdout.split())
    kept = json.loads((tmp_path / "drill.json").read_text())
    assert kept["passed"] is False
    assert kept["failures"] > 5


def test_what_was_left_away_is_put_back_alone(server: ScriptedServer, tmp_path: Path) -> None:
    site = serve(server)
    site.flaws = {"unscalable"}
    assert drill(site, tmp_path, inference_drillable=True, drill_depth=1).returncode == 2
    site.flaws = set()
    done = drill(site, tmp_path, inference_drillable=True, drill_restore=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Put back: vllm-qwen3-8b-awq (scale)" in " ".join(done.stdout.split())
    assert site.replicas["vllm-qwen3-8b-awq"] == 1
    again = drill(site, tmp_path, inference_drillable=True, drill_restore=True)
    assert "Nothing was left away." in again.stdout


def test_a_model_that_the_mode_does_not_run_is_refused(server: ScriptedServer, tmp_path: Path) -> None:
    done = drill(serve(server), tmp_path, inference_drillable=True, drill_model="nothing")
    assert done.returncode == 2
    assert "drill_model is nothing. Choose one of qwen3-8b-awq" in " ".join(done.stdout.split())


def test_check_mode_takes_nothing_away(server: ScriptedServer, tmp_path: Path) -> None:
    site = serve(server)
    done = drill(site, tmp_path, "--check", inference_drillable=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert site.history == []
    assert not (tmp_path / "drill.json").exists()
