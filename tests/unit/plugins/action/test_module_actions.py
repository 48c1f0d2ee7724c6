"""An action that calls a module's code gives what the module gives, and calls it only where it would run."""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from ansible_collections.inference.stack.plugins.action import rollout_info as rollout_action
from ansible_collections.inference.stack.plugins.modules import (
    cluster_objects_info,
    llm_contract,
    ollama_model,
    rollout_info,
)
from ansible_collections.inference.stack.plugins.plugin_utils.boundary.controller_action import Call

from tests.unit.plugins.modules.cluster_documents import DEPLOYMENT, DOCUMENTS, ENGINE, TOKEN, kubeconfig
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.pod_commands import STDERR, STDOUT, ended, pod_that, said
from tests.unit.plugins.scripted_model import NAME, ScriptedModel
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

KEY = "geheim-4711"
PASSWORD = "swordfish-4711"
READY = {"metadata": {"name": "p"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
GONE = {**DEPLOYMENT, "metadata": {"name": "gone", "namespace": "ml"}}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": "ml"},
    "stringData": {"password": PASSWORD},
}
ROLLOUT: dict[str, Any] = {"workloads": [DEPLOYMENT]}
SET: dict[str, Any] = {"owner": "vllm", "namespace": "ml"}
PULL: dict[str, Any] = {"namespace": "ml", "models": [{"name": "qwen3:4b"}]}
CONTRACT: dict[str, Any] = {"model": NAME, "capabilities": ["chat"], "api_key": KEY}
MEMORY = {"tolerance": -1, "measured_bytes": 1.0, "expected_bytes": "2"}


def run_in_pod(words: list[str]) -> bytes:
    if words[1] == "list":
        return said(STDOUT, "NAME  ID\nqwen3:4b  abc\n") + ended()
    return said(STDERR, "Error: no space\n") + ended(1) if "house" in words[-1] else ended()


@pytest.fixture
def site(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """A cluster with Ollama, and a model's server, at one address."""
    for variable in ("K8S_AUTH_KUBECONFIG", "KUBECONFIG", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    for path, document in DOCUMENTS.items():
        server.routes[f"GET {path}"] = functools.partial(Exchange.reply, body=document)
    ollama = "GET /apis/apps/v1/namespaces/ml/deployments/ollama"
    server.routes[ollama] = functools.partial(Exchange.reply, body=ENGINE)
    pods = "GET /api/v1/namespaces/ml/pods?labelSelector=app%3Dengine"
    server.routes[pods] = functools.partial(Exchange.reply, body={"items": [READY]})
    server.routes["GET /api/v1/namespaces/ml/pods/p/exec"] = pod_that(run_in_pod)
    refusal = functools.partial(Exchange.reply, body={"message": f"not with {TOKEN}"}, status=403)
    server.routes["GET /apis/refused/v1"] = refusal
    ScriptedModel(server, gateway=False).serve()
    return server


def without_figures(value: Any) -> Any:
    """Times and rates differ from call to call."""
    if isinstance(value, dict):
        return {key: without_figures(item) for key, item in value.items() if key != "figures"}
    if isinstance(value, list):
        return [without_figures(item) for item in value]
    return re.sub(r"\d+(\.\d+)?", "0", value) if isinstance(value, str) else value


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        (rollout_info, ROLLOUT),
        (rollout_info, {"timeout": "0", "workloads": [GONE]}),
        (rollout_info, {"workloads": [{"kind": "Deployment"}]}),
        (rollout_info, {"workloads": [{**DEPLOYMENT, "apiVersion": "refused/v1"}]}),
        (rollout_info, {**ROLLOUT, "timeout": "soon"}),
        (rollout_info, {**ROLLOUT, "timeut": 3}),
        (rollout_info, {}),
        (rollout_info, {**ROLLOUT, "kubeconfig": None}),
        (rollout_info, {**ROLLOUT, "kubeconfig": "/away"}),
        (
            rollout_info,
            {**ROLLOUT, "kubeconfig": {"users": [{"user": {"password": PASSWORD}}], "current-context": 5}},
        ),
        (cluster_objects_info, {"sets": [{**SET, "definitions": [DEPLOYMENT]}]}),
        (cluster_objects_info, {"sets": [{**SET, "secrets": [SECRET]}]}),
        (cluster_objects_info, {"sets": [{**SET, "secrets": PASSWORD}]}),
        (cluster_objects_info, {"sets": [{"owner": "vllm", "5": None}]}),
        (ollama_model, PULL),
        (ollama_model, {**PULL, "models": [{"name": "smol"}, {"name": "qwen3:4b"}]}),
        (ollama_model, {**PULL, "models": [{"name": "house", "insecure": "yes"}], "attempts": 1}),
        (ollama_model, {**PULL, "deployment": "gone"}),
        (llm_contract, CONTRACT),
        (llm_contract, {**CONTRACT, "api_key": "False"}),
        (llm_contract, {**CONTRACT, "model": KEY}),
        (llm_contract, {**CONTRACT, "capabilities": ["sing"]}),
        (llm_contract, {**CONTRACT, "memory": MEMORY}),
    ],
)
def test_a_call_gives_what_the_module_gives(
    site: ScriptedServer, run_module: ModuleRunner, module: ModuleType, arguments: dict[str, Any], check: bool
) -> None:
    whom = {"base_url": site.url} if module is llm_contract else {"kubeconfig": kubeconfig(site)}
    given = {**whom, **arguments}
    expected = run_module(module.main, given, check=check).result
    name = expected["msg"].partition("(")[2].partition(")")[0] if "Unsupported" in str(expected) else "x"
    seen = Call(name, module.ARGUMENTS, given, check).answer(module.run)
    assert without_figures(seen) == without_figures(expected)
    for secret in (TOKEN, KEY, PASSWORD):
        assert secret not in str(seen)


def test_the_environment_names_whom_to_ask(
    site: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "config"
    path.write_text(json.dumps(kubeconfig(site)), "utf-8")
    monkeypatch.setenv("KUBECONFIG", str(path))
    seen = Call("x", rollout_info.ARGUMENTS, ROLLOUT).answer(rollout_info.run)
    assert seen["workloads"] == {"Deployment ml/engine": "1 of 1 pods are available"}


def test_one_call_leaves_the_next_nothing() -> None:
    def spoil(call: Any) -> None:
        call.params["sets"].append("more")
        call.exit_json()

    arguments: dict[str, dict[str, Any]] = {"sets": {"type": "list", "default": []}}
    for _ in range(2):
        assert Call("x", arguments, {}).answer(spoil)["invocation"]["module_args"] == {"sets": ["more"]}


class Task(SimpleNamespace):
    """A task of the controller, unless told otherwise."""

    def action(self, folder: Path) -> Any:
        told = {"transport": "local", "become": None, "interpreter": sys.executable, **vars(self)}
        task = MagicMock(
            action="inference.stack.rollout_info",
            args={"workloads": [], "kubeconfig": told.get("kubeconfig", {})},
            async_val=told.get("async_val", 0),
            delegate_to=told.get("delegate_to"),
            check_mode=False,
            environment=[{"KUBECONFIG": "elsewhere"}],
        )
        connection = MagicMock(transport=told["transport"], become=told["become"])
        templar = MagicMock()
        templar.template = lambda value: value
        loader = MagicMock()
        loader.get_basedir.return_value = str(folder)
        action = rollout_action.ActionModule(task, connection, MagicMock(), loader, templar)
        variables = {"ansible_python_interpreter": told["interpreter"]}
        if task.delegate_to:
            variables = {"ansible_delegated_vars": {task.delegate_to: variables}}
        return action, variables


@pytest.mark.parametrize(
    ("task", "is_here"),
    [
        (Task(), True),
        (Task(delegate_to="localhost"), True),
        (Task(transport="ssh"), False),
        (Task(become=MagicMock()), False),
        (Task(async_val=60), False),
        (Task(interpreter="/usr/bin/python3.9"), False),
        (Task(interpreter="auto_silent"), False),
        (Task(delegate_to="worker", interpreter="/usr/bin/python3"), False),
    ],
)
def test_it_runs_here_only_where_the_module_would(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, task: Task, is_here: bool
) -> None:
    monkeypatch.setattr(NormalAction, "run", lambda *_: "as a module")
    seen: list[tuple[str, str]] = []
    before = (Path.cwd(), dict(os.environ))

    def look(call: Any, _say: Any) -> None:
        seen.append((str(Path.cwd()), os.environ["KUBECONFIG"]))
        call.exit_json(changed=False)

    monkeypatch.setattr(rollout_info, "run", look)
    action, variables = task.action(tmp_path)
    result = action.run(task_vars=variables)
    assert (result != "as a module") is is_here
    assert seen == ([(str(tmp_path), "elsewhere")] if is_here else [])
    assert (Path.cwd(), dict(os.environ)) == before


@pytest.mark.parametrize("no_log", [False, True])
def test_what_is_waited_for_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_log: bool) -> None:
    def wait(call: Any, say: Any) -> None:
        say(f"pod p: {TOKEN}")
        say("pod p: starts")
        call.exit_json(changed=False)

    shown: list[str] = []
    monkeypatch.setattr(rollout_info, "run", wait)
    monkeypatch.setattr(Display, "display", lambda _, line: shown.append(line))
    action, variables = Task(kubeconfig={"users": [{"user": {"token": TOKEN}}]}).action(tmp_path)
    action._task.no_log = no_log
    action._task.get_name.return_value = "wait | Wait"
    action.run(task_vars=variables)
    assert shown == ([] if no_log else ["wait | Wait:", "  pod p: ********", "  pod p: starts"])
