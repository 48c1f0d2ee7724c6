"""The module rollout_info, against a server that answers like a cluster."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.modules import rollout_info

from tests.unit.plugins.modules.cluster_documents import DEPLOYMENT, TOKEN, ask, kubeconfig
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.scripted_server import ScriptedServer


@pytest.mark.parametrize("check", [True, False])
def test_a_workload_that_runs_is_waited_for_in_no_time(
    cluster: ScriptedServer, run_module: ModuleRunner, check: bool
) -> None:
    run = run_module(rollout_info.main, ask(cluster, workloads=[DEPLOYMENT]), check=check)
    assert run.result["workloads"] == {"Deployment ml/engine": "1 of 1 pods are available"}
    assert run.result["pods"] == {"Deployment ml/engine": []}


def test_a_workload_that_is_missing_fails_except_in_check_mode(
    cluster: ScriptedServer, run_module: ModuleRunner
) -> None:
    gone = {**DEPLOYMENT, "metadata": {"name": "gone", "namespace": "ml"}}
    request = ask(cluster, workloads=[gone], timeout=0)
    assert "Deployment ml/gone does not exist" in run_module(rollout_info.main, request).result["msg"]
    assert not run_module(rollout_info.main, request, check=True).failed


def test_a_refusal_and_an_outage_are_told_apart(cluster: ScriptedServer, run_module: ModuleRunner) -> None:
    cluster.routes["GET /apis/apps/v1"] = lambda exchange: exchange.reply({"message": "no rights"}, 403)
    run = run_module(rollout_info.main, ask(cluster, workloads=[DEPLOYMENT]))
    assert "answered 403" in run.result["msg"] and "no rights" in run.result["msg"]
    nobody = kubeconfig(cluster)
    nobody["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:9"
    run = run_module(rollout_info.main, {"kubeconfig": nobody, "workloads": [DEPLOYMENT]})
    assert "does not answer" in run.result["msg"]
    assert "http://127.0.0.1:9" in run.result["msg"]
    assert TOKEN not in str(run.result)
