"""The module ollama_model, against a server that answers like a cluster with Ollama in it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster import patience
from ansible_collections.inference.stack.plugins.modules import ollama_model
from ansible_collections.inference.stack.plugins.plugin_utils.boundary.controller_action import Call

from tests.unit.plugins.modules.cluster_documents import ENGINE, TOKEN, ask
from tests.unit.plugins.modules.module_runner import ModuleRun, ModuleRunner
from tests.unit.plugins.pod_commands import STDERR, STDOUT, ended, pod_that, said
from tests.unit.plugins.scripted_server import ScriptedServer

PODS = "GET /api/v1/namespaces/ml/pods?labelSelector=app%3Dengine"
MODELS = [{"name": "qwen3:4b"}, {"name": "house", "source": "http://r:5000/x/house:1"}]
READY = {"metadata": {"name": "p"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}


class Ollama:
    """A pod with some models; each command may be made to fail so many times."""

    def __init__(self, cluster: ScriptedServer) -> None:
        self.models = ["qwen3:4b"]
        self.failures = 0
        self.commands: list[str] = []
        cluster.routes["GET /apis/apps/v1/namespaces/ml/deployments/ollama"] = lambda exchange: (
            exchange.reply(ENGINE)
        )
        cluster.routes[PODS] = lambda exchange: exchange.reply({"items": [READY]})
        cluster.routes["GET /api/v1/namespaces/ml/pods/p/exec"] = pod_that(self._run)

    def _run(self, words: list[str]) -> bytes:
        self.commands.append(" ".join(words[1:]))
        if words[1] == "list":
            rows = "".join(f"{name}  abc  1 GB  now\n" for name in self.models)
            return said(STDOUT, f"NAME  ID  SIZE  MODIFIED\n{rows}") + ended()
        if self.failures:
            self.failures -= 1
            return said(STDERR, "pulling manifest\nError: connection reset\n") + ended(1)
        return ended()


@pytest.fixture
def ollama(cluster: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Ollama:
    monkeypatch.setattr(ollama_model, "PAUSE_S", 0)
    return Ollama(cluster)


def pull(cluster: ScriptedServer, run_module: ModuleRunner, check: bool = False, **more: Any) -> ModuleRun:
    request = ask(cluster, namespace="ml", models=MODELS, **more)
    return run_module(ollama_model.main, request, check=check)


def test_only_what_is_missing_is_pulled(
    cluster: ScriptedServer, run_module: ModuleRunner, ollama: Ollama
) -> None:
    run = pull(cluster, run_module)
    assert run.result["changed"] is True
    assert run.result["pulled"] == ["house:latest"]
    assert ollama.commands == ["list", "pull --insecure r:5000/x/house:1", "cp r:5000/x/house:1 house:latest"]


@pytest.mark.parametrize("check", [True, False])
def test_a_complete_server_is_left_alone(
    cluster: ScriptedServer, run_module: ModuleRunner, ollama: Ollama, check: bool
) -> None:
    ollama.models.append("house:latest")
    run = pull(cluster, run_module, check)
    assert (run.result["changed"], run.result["pulled"]) == (False, [])
    assert run.result["present"] == ["qwen3:4b", "house:latest"]
    assert ollama.commands == ["list"]


def test_check_mode_tells_and_pulls_nothing(
    cluster: ScriptedServer, run_module: ModuleRunner, ollama: Ollama
) -> None:
    run = pull(cluster, run_module, check=True)
    assert run.result["changed"] is True
    assert run.result["diff"] == {"before": "qwen3:4b\n", "after": "qwen3:4b\nhouse:latest\n"}
    assert ollama.commands == ["list"]


def test_without_a_ready_pod_only_check_mode_goes_on(
    cluster: ScriptedServer, run_module: ModuleRunner, ollama: Ollama
) -> None:
    cluster.routes[PODS] = lambda exchange: exchange.reply({"items": []})
    assert pull(cluster, run_module, check=True).result["pulled"] == ["qwen3:4b", "house:latest"]
    assert "No pod of Deployment ml/ollama is ready" in pull(cluster, run_module).result["msg"]


def test_a_download_that_breaks_is_taken_up_again(
    cluster: ScriptedServer, run_module: ModuleRunner, ollama: Ollama
) -> None:
    ollama.failures = 2
    assert not pull(cluster, run_module).failed
    ollama.failures = 3
    run = pull(cluster, run_module)
    assert "Ollama cannot get house:latest" in run.result["msg"]
    assert "Error: connection reset" in run.result["msg"]
    assert TOKEN not in str(run.result)


def test_how_far_a_download_is_can_be_watched(
    cluster: ScriptedServer, ollama: Ollama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_QUIET_S", 0)
    shown: list[str] = []
    ollama.failures = 1
    call = Call("x", ollama_model.ARGUMENTS, ask(cluster, namespace="ml", models=MODELS))
    assert call.answer(lambda given: ollama_model.run(given, shown.append))["pulled"] == ["house:latest"]
    assert shown == ["house:latest: pulling, starting"]
