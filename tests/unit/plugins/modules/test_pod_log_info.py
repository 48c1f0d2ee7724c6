"""pod_log_info shows the end of logs, bounded and without keys."""

from __future__ import annotations

import functools

import pytest
from ansible_collections.inference.stack.plugins.modules import pod_log_info

from tests.unit.plugins.modules.cluster_documents import ask
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

PODS = "/api/v1/namespaces/ml/pods"
POD = {"metadata": {"name": "engine-1"}, "spec": {"containers": [{"name": "vllm"}]}}


@pytest.fixture
def logs(cluster: ScriptedServer) -> ScriptedServer:
    listed = functools.partial(Exchange.reply, body={"items": [POD]})
    cluster.routes[f"GET {PODS}?labelSelector=app%3Dengine"] = listed
    text = b"first\nkey sk-0123456789abcdef\nlast\n"
    for previous in ("true", "false"):
        query = f"tailLines=2&previous={previous}&container=vllm"
        cluster.routes[f"GET {PODS}/engine-1/log?{query}"] = functools.partial(Exchange.reply, body=text)
    return cluster


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("previous", [True, False])
def test_the_end_of_a_log(
    logs: ScriptedServer, run_module: ModuleRunner, check: bool, previous: bool
) -> None:
    arguments = ask(logs, workload="Deployment ml/engine", lines=2, previous=previous)
    run = run_module(pod_log_info.main, arguments, check=check)
    assert not run.failed, run.result
    assert run.result["changed"] is False
    (row,) = run.result["logs"]
    assert (row["pod"], row["container"]) == ("engine-1", "vllm")
    assert row["lines"] == ["key sk-***", "last"]


def test_a_workload_without_pods_and_one_that_is_not_there(
    cluster: ScriptedServer, run_module: ModuleRunner
) -> None:
    run = run_module(pod_log_info.main, ask(cluster, workload="Deployment ml/engine"))
    assert "Is it scaled to 0?" in run.result["msg"]
    run = run_module(pod_log_info.main, ask(cluster, workload="Deployment ml/gone"))
    assert "Deployment ml/gone does not exist" in run.result["msg"]


@pytest.mark.parametrize(("option", "word"), [({"lines": 0}, "lines"), ({"workload": "litellm"}, "litellm")])
def test_options_that_make_no_sense(
    cluster: ScriptedServer, run_module: ModuleRunner, option: dict[str, object], word: str
) -> None:
    run = run_module(pod_log_info.main, ask(cluster, **{"workload": "Deployment ml/engine", **option}))
    assert run.failed
    assert word in run.result["msg"]
