"""The playbook measures every active model through the gateway, notes what it found and shows a table."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.playbook_run import run_playbook
from tests.unit.plugins.module_utils.benchmarking.talker import CHAT, Talker
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer, answer

KEY = "sk-" + "0" * 32
MODEL = "Qwen/Qwen3-8B-AWQ"
ENGINE = {"x-litellm-model-api-base": "http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000/v1"}


def serve_gateway(server: ScriptedServer) -> Talker:
    """A gateway whose first tier streams."""
    server.serve_model(MODEL)
    talker = Talker(headers=ENGINE)

    def chat(exchange: Exchange) -> None:
        if server.requests[-1].sent["stream"]:
            talker.answer(exchange)
        else:
            exchange.reply(answer(MODEL), headers=ENGINE)

    server.routes[CHAT] = chat
    return talker


def run_benchmark(server: ScriptedServer, history: Path, *more: str) -> subprocess.CompletedProcess[str]:
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "ansible_become": False,
        "vault_k3s_token": "0" * 32,
        "vault_litellm_home_key": KEY,
        "vault_litellm_master_key": KEY,
        "inference_host_gpus": [{"gpu": "rtx-3060-12gb", "count": 1}],
        "inference_gateway_url": server.url,
        "benchmark_concurrency": [1, 2],
        "benchmark_requests": 2,
        "benchmark_output_tokens": 3,
        "benchmark_history": str(history),
    }
    return run_playbook("benchmark.yml", *more, variables=variables)


def test_every_load_is_measured_noted_and_shown(server: ScriptedServer, tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    talker = serve_gateway(server)
    done = run_benchmark(server, history)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-3000:]
    assert KEY not in told + history.read_text()
    (line,) = history.read_text().splitlines()
    entry = json.loads(line)
    assert (entry["gpu"], entry["model"]) == ("rtx-3060-12gb", MODEL)
    assert entry["image"].startswith("vllm/vllm-openai:")
    assert entry["arguments"]
    assert [point["max_concurrency"] for point in entry["points"]] == [1, 2]
    assert [point["completed"] for point in entry["points"]] == [2, 4]
    assert [point["tiers"] for point in entry["points"]] == [{"gpu": 2}, {"gpu": 4}]
    assert len(talker.measured()) == 6
    assert all(request["ignore_eos"] for request in talker.measured())
    shown = [line.split() for line in told.splitlines() if MODEL in line]
    assert any(words[:2] == [MODEL, "1"] for words in shown)


def test_check_mode_asks_nothing_and_notes_nothing(server: ScriptedServer, tmp_path: Path) -> None:
    done = run_benchmark(server, tmp_path / "history.jsonl", "--check")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert server.requests == []
    assert not (tmp_path / "history.jsonl").exists()
