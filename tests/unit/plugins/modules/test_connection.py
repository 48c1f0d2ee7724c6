"""A task says whom its module talks to. Otherwise the environment does, or the module fails at once."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.modules import (
    deployment_info,
    llm_endpoint_info,
    pod_log_info,
    site_state_info,
)

from tests.unit.plugins.modules.cluster_documents import ask, kubeconfig
from tests.unit.plugins.modules.documented import documented_options
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.modules.test_action_groups import groups
from tests.unit.plugins.scripted_server import ScriptedServer

VARIABLES = ("K8S_AUTH_KUBECONFIG", "KUBECONFIG", "OPENAI_BASE_URL", "OPENAI_API_KEY")
SAMPLES: dict[str, Any] = {"str": "Deployment ml/engine", "list": [], "dict": {}}
KUBECONFIG_MISSING = (
    "kubeconfig is missing: set the option or the environment variable K8S_AUTH_KUBECONFIG or KUBECONFIG"
)
BASE_URL_MISSING = "base_url is missing: set the option or the environment variable OPENAI_BASE_URL"
KEY = "geheim-4711"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def module_named(name: str) -> ModuleType:
    return importlib.import_module(f"ansible_collections.inference.stack.plugins.modules.{name}")


def written(folder: Path, server: ScriptedServer, name: str = "config") -> str:
    path = folder / name
    path.write_text(json.dumps(kubeconfig(server)), "utf-8")
    return str(path)


@pytest.mark.parametrize("empty", [False, True], ids=["forgotten", "empty"])
@pytest.mark.parametrize(
    ("name", "option", "told"),
    [
        *((name, "kubeconfig", KUBECONFIG_MISSING) for name in groups()["cluster"]),
        *((name, "base_url", BASE_URL_MISSING) for name in groups()["gateway"]),
    ],
)
def test_every_module_fails_for_what_is_missing(
    run_module: ModuleRunner, name: str, option: str, told: str, empty: bool
) -> None:
    module = module_named(name)
    arguments = {
        one: SAMPLES[described["type"]]
        for one, described in documented_options(module).items()
        if described.get("required")
    }
    if option != "kubeconfig" and name in groups()["cluster"]:
        arguments["kubeconfig"] = {}  # one thing that is missing at a time
    if empty:
        arguments[option] = ""
    run = run_module(module.main, arguments)
    assert run.failed
    assert run.result["msg"] == told
    # A cluster that was never asked has not answered either way.
    assert "answers" not in run.result


def test_an_empty_mapping_is_a_kubeconfig_without_a_cluster(run_module: ModuleRunner) -> None:
    run = run_module(deployment_info.main, {"kubeconfig": {}, "namespace": "ml"})
    assert not run.failed
    assert run.result["answers"] is False
    assert "no current-context" in run.result["reason"]


@pytest.mark.parametrize("variable", ["K8S_AUTH_KUBECONFIG", "KUBECONFIG"])
def test_the_environment_names_the_kubeconfig(
    cluster: ScriptedServer,
    run_module: ModuleRunner,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    monkeypatch.setenv(variable, written(tmp_path, cluster))
    run = run_module(deployment_info.main, {"namespace": "ml"})
    assert run.result["answers"] is True, run.result
    assert run.result["server"] == cluster.url


def test_the_path_from_the_environment_may_be_shown(
    run_module: ModuleRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere/config")
    run = run_module(pod_log_info.main, {"workload": "Deployment ml/engine"})
    assert "The kubeconfig /nowhere/config cannot be read" in run.result["msg"]


def test_an_explicit_kubeconfig_wins(
    cluster: ScriptedServer, run_module: ModuleRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("K8S_AUTH_KUBECONFIG", "KUBECONFIG"):
        monkeypatch.setenv(variable, "/nowhere")
    run = run_module(site_state_info.main, ask(cluster, namespace="ml"))
    assert run.result["server"] == cluster.url


@pytest.fixture
def authorizations(server: ScriptedServer) -> list[str | None]:
    """What a server saw of the key, request by request."""
    seen: list[str | None] = []
    server.serve_model("m")
    listing = server.routes["GET /v1/models"]

    def note(exchange: Any) -> None:
        seen.append(exchange.headers.get("Authorization"))
        listing(exchange)

    server.routes["GET /v1/models"] = note
    return seen


def test_the_environment_names_server_and_key(
    server: ScriptedServer,
    run_module: ModuleRunner,
    monkeypatch: pytest.MonkeyPatch,
    authorizations: list[str | None],
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    run = run_module(llm_endpoint_info.main)
    assert run.result["models"] == ["m"], run.result
    assert authorizations == [f"Bearer {KEY}"]
    assert KEY not in json.dumps(run.result)


@pytest.mark.parametrize(("key", "sent"), [("own", "Bearer own"), ("", None)])
def test_explicit_server_and_key_win(
    server: ScriptedServer,
    run_module: ModuleRunner,
    monkeypatch: pytest.MonkeyPatch,
    authorizations: list[str | None],
    key: str,
    sent: str | None,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    run = run_module(llm_endpoint_info.main, {"base_url": server.url, "api_key": key})
    assert run.result["models"] == ["m"], run.result
    assert authorizations == [sent]
