"""site_state_info tells what a cluster runs, and that one is away is an answer."""

from __future__ import annotations

import functools
import json

import pytest
import yaml
from ansible_collections.inference.stack.plugins.modules import site_state_info

from tests.unit.plugins.modules.cluster_documents import ENGINE, NODES, TOKEN, ask, kubeconfig
from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

WORKLOADS = ["Deployment ml/engine", "Deployment ml/gone"]


@pytest.mark.parametrize("check", [True, False])
def test_a_cluster_that_answers(cluster: ScriptedServer, run_module: ModuleRunner, check: bool) -> None:
    cluster.routes["GET /api/v1/nodes"] = functools.partial(Exchange.reply, body=NODES)
    request = ask(cluster, namespace="ml", workloads=WORKLOADS, config_maps=["inference-mode"])
    run = run_module(site_state_info.main, request, check=check)
    assert not run.failed
    result = {key: value for key, value in run.result.items() if key not in ("changed", "invocation")}
    assert run.result["changed"] is False
    assert (result["answers"], result["reason"], result["namespace_exists"]) == (True, "", True)
    assert [row["exists"] for row in result["workloads"]] == [True, False]
    assert result["nodes"][0]["allocatable"] == 1
    assert result["config_maps"] == {"inference-mode": {"mode": "ml"}}
    assert set(yaml.safe_load(site_state_info.RETURN)) == set(result)
    assert TOKEN not in json.dumps(result)


def test_a_config_map_of_another_namespace_may_be_out_of_reach(
    cluster: ScriptedServer, run_module: ModuleRunner
) -> None:
    there = {"data": {"LLM_MODEL": "m"}}
    path = "GET /api/v1/namespaces/n8n/configmaps/llm-fallback-config"
    cluster.routes[path] = functools.partial(Exchange.reply, body=there)
    request = ask(cluster, namespace="ml", config_maps=["inference-mode", "n8n/llm-fallback-config"])
    found = run_module(site_state_info.main, request).result["config_maps"]
    assert found == {"inference-mode": {"mode": "ml"}, "n8n/llm-fallback-config": {"LLM_MODEL": "m"}}
    cluster.routes[path] = lambda exchange: exchange.reply({"message": "forbidden"}, 403)
    found = run_module(site_state_info.main, request).result
    assert (found["answers"], found["config_maps"]) == (True, {"inference-mode": {"mode": "ml"}})


def test_variables_of_a_workload_are_told_if_they_were_asked_for(
    cluster: ScriptedServer, run_module: ModuleRunner
) -> None:
    secret = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    told = [{"name": "DEFAULT_MODELS", "value": "m"}, {"name": "OTHER", "value": "planted"}, secret]
    template = {"spec": {"containers": [{"name": "x", "env": told}]}}
    selector = {"matchLabels": {"app": "engine"}}
    engine = {**ENGINE, "spec": {"replicas": 1, "selector": selector, "template": template}}
    path = "GET /apis/apps/v1/namespaces/ml/deployments/engine"
    cluster.routes[path] = functools.partial(Exchange.reply, body=engine)
    request = ask(cluster, namespace="ml", workloads=WORKLOADS, variables=["DEFAULT_MODELS", "KEY"])
    engine_row, gone = run_module(site_state_info.main, request).result["workloads"]
    assert engine_row["variables"] == {"DEFAULT_MODELS": "m"}
    assert "planted" not in str(engine_row)
    assert not gone.get("variables")


def test_a_cluster_that_is_away_is_an_answer(cluster: ScriptedServer, run_module: ModuleRunner) -> None:
    nobody = kubeconfig(cluster)
    nobody["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:9"
    run = run_module(site_state_info.main, {"kubeconfig": nobody, "namespace": "ml"})
    assert not run.failed
    assert run.result["answers"] is False
    assert "does not answer" in run.result["reason"]
    assert run.result["server"] == "http://127.0.0.1:9"


def test_half_an_answer_is_none(cluster: ScriptedServer, run_module: ModuleRunner) -> None:
    cluster.routes["GET /api/v1/nodes"] = lambda exchange: exchange.reply({"message": "broken"}, 500)
    run = run_module(site_state_info.main, ask(cluster, namespace="ml", workloads=WORKLOADS))
    assert run.result["answers"] is False
    assert run.result["workloads"] == []
    assert "broken" in run.result["reason"]


def test_a_workload_that_is_none_is_refused(cluster: ScriptedServer, run_module: ModuleRunner) -> None:
    run = run_module(site_state_info.main, ask(cluster, namespace="ml", workloads=["litellm"]))
    assert run.failed
    assert "litellm" in run.result["msg"]


def test_documentation_and_code_name_the_same_options() -> None:
    assert_same_options(documented_options(site_state_info), site_state_info.ARGUMENTS)
