"""The short playbooks against a site whose hosts are away and whose gateway is scripted, or nobody."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.playbook_run import run_playbook
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer, answer

KEY = "sk-" + "0" * 32
MODEL = "Qwen/Qwen3-8B-AWQ"
# Nobody listens on port 9, so nobody has to be waited for.
NOBODY = "http://127.0.0.1:9"
AWAY = {
    "ansible_host": "127.0.0.1",
    "ansible_port": 9,
    "ansible_ssh_common_args": "-o ControlMaster=no -o ControlPath=none",
    "inference_gateway_key": KEY,
}
FROM_CPU = {
    "x-litellm-model-api-base": "http://ollama.ml.svc.cluster.local:11434",
    "x-litellm-attempted-fallbacks": "1",
}


def play(name: str, variables: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return run_playbook(f"{name}.yml", variables=AWAY | variables)


@pytest.fixture
def gateway(server: ScriptedServer) -> ScriptedServer:
    """Answers every model from the CPU, as a gateway does whose GPU is away."""
    server.serve_model(MODEL, headers=FROM_CPU)
    return server


def test_doctor_survives_a_site_that_does_not_answer_at_all(tmp_path: Path) -> None:
    report = tmp_path / "doctor.json"
    done = play(
        "doctor", {"inference_gateway_url": NOBODY, "doctor_format": "json", "doctor_output": str(report)}
    )
    assert done.returncode == 2, done.stdout[-3000:]
    document = json.loads(report.read_text("utf-8"))
    assert document["verdict"] == "broken"
    assert document["fault"]["layer"] == "host"
    found = {row["layer"]: row["status"] for row in document["layers"]}
    assert (found["driver"], found["pod"], found["model"]) == ("not_reached",) * 3
    assert (found["node"], found["gateway"]) == ("broken", "broken")
    assert "The site is broken at its layer host (gpu)" in done.stdout
    assert KEY not in done.stdout + done.stderr + report.read_text("utf-8")


def test_doctor_tells_answers_from_below_from_none(gateway: ScriptedServer) -> None:
    done = play("doctor", {"inference_gateway_url": gateway.url})
    assert done.returncode == 0, done.stdout[-3000:]
    assert "DEGRADED: answers come" in done.stdout
    assert "First broken layer: host (gpu)" in done.stdout
    assert "tier cpu answered instead of gpu" in " ".join(done.stdout.split())
    assert "changed=0" in done.stdout


def test_status_leaves_gaps_where_nobody_answers(gateway: ScriptedServer, tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    point = {"max_concurrency": 4, "output_throughput": 77.7, "median_ttft_ms": 1.0, "median_tpot_ms": 2.0}
    history.write_text(json.dumps({"model": MODEL, "time": "2026-01-01", "points": [point]}) + "\n")
    done = play("status", {"inference_gateway_url": gateway.url, "benchmark_history": str(history)})
    assert done.returncode == 0, done.stdout[-3000:]
    for word in ("mode ml", "the cluster does not answer", "no SSH", "cpu in", "77.7"):
        assert word in done.stdout


def test_models_of_a_gateway_that_refuses_the_key(gateway: ScriptedServer) -> None:
    gateway.routes["GET /v1/models"] = lambda exchange: exchange.reply({"error": "no"}, 401)
    done = play("models", {"inference_gateway_url": gateway.url})
    assert done.returncode == 2
    assert "inference_gateway_key" in done.stdout


def test_a_model_answers_by_its_name_in_the_inventory(gateway: ScriptedServer) -> None:
    def reply(exchange: Exchange) -> None:
        exchange.reply(answer(MODEL, "Because \x1b[31mof\x07 Rayleigh."), headers=FROM_CPU)

    gateway.routes["POST /v1/chat/completions"] = reply
    variables = {"ask_model": "qwen3-8b-awq", "ask_prompt": "Why blue?", "ask_max_tokens": 7}
    done = play("ask", {"inference_gateway_url": gateway.url, **variables})
    assert done.returncode == 0, done.stdout[-3000:]
    sent = gateway.requests[-1].sent
    assert (sent["model"], sent["max_tokens"], sent["messages"][0]["content"]) == (MODEL, 7, "Why blue?")
    assert "Because [31mof Rayleigh." in done.stdout
    assert f"{MODEL}, tier cpu: 1 tokens" in done.stdout


def test_the_command_to_forward_a_port() -> None:
    done = play("port_forward", {"port_forward_to": "qwen3-8b-awq", "port_forward_port": 8080})
    assert done.returncode == 0, done.stdout[-3000:]
    command = " ".join(done.stdout.split())
    assert "-p 9 -o ControlMaster=no -o ControlPath=none admin@127.0.0.1" in command
    assert "service/qwen3-8b-awq-inference 8080:8000" in command


def test_a_way_to_a_part_that_has_another_name_and_port() -> None:
    moved = {"ollama_service_name": "cpu-llm", "ollama_port": "12000"}
    done = play("port_forward", {"port_forward_to": "ollama", **moved})
    assert done.returncode == 0, done.stdout[-3000:]
    assert "service/cpu-llm 12000:12000" in " ".join(done.stdout.split())


def test_a_way_to_nowhere_is_refused_by_its_variable() -> None:
    done = play("port_forward", {"port_forward_to": "nowhere"})
    assert done.returncode == 2
    assert (
        "port_forward_to is nowhere. Choose one of gateway, chat, vllm-api, ollama, qwen3-8b-awq"
        in done.stdout
    )
