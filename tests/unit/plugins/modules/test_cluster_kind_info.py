"""The module cluster_kind_info, against a server that answers like a cluster."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.modules import cluster_kind_info

from tests.unit.plugins.modules.cluster_documents import ask, resources
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

ROUTE = {"api_version": "traefik.io/v1alpha1", "kind": "IngressRoute", "told": "Install Traefik first."}
DEPLOYMENT = {"api_version": "apps/v1", "kind": "Deployment"}
GROUP = "GET /apis/traefik.io/v1alpha1"


def test_a_known_kind_is_no_news(cluster: ScriptedServer, run_module: ModuleRunner) -> None:
    run = run_module(cluster_kind_info.main, ask(cluster, kinds=[DEPLOYMENT]))
    assert not run.failed
    assert (run.result["answers"], run.result["missing"]) == (True, [])


@pytest.mark.parametrize("other", [None, resources(("Middleware", "middlewares", True))])
def test_an_unknown_kind_is_refused_with_its_own_words(
    cluster: ScriptedServer, run_module: ModuleRunner, other: dict[str, Any] | None
) -> None:
    """Also where the group is there, and only the kind is not."""
    if other:
        cluster.routes[GROUP] = lambda exchange: exchange.reply(other)
    run = run_module(cluster_kind_info.main, ask(cluster, kinds=[DEPLOYMENT, ROUTE]))
    assert run.failed and "Install Traefik first." in run.result["msg"]
    assert run.result["missing"] == ["traefik.io/v1alpha1 IngressRoute"]


def test_a_kind_that_comes_late_is_waited_for(
    cluster: ScriptedServer, run_module: ModuleRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_kind_info, "INTERVAL", 0.01)
    asked: list[str] = []

    def late(exchange: Exchange) -> None:
        asked.append(exchange.path)
        known = [("IngressRoute", "ingressroutes", True)] if len(asked) > 2 else []
        exchange.reply(resources(*known))

    cluster.routes[GROUP] = late
    run = run_module(cluster_kind_info.main, ask(cluster, kinds=[ROUTE], timeout=30))
    assert not run.failed, run.result
    assert len(asked) == 3


def test_a_cluster_that_is_away_is_a_result(cluster: ScriptedServer, run_module: ModuleRunner) -> None:
    question = ask(cluster, kinds=[ROUTE])
    question["kubeconfig"]["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:9"
    run = run_module(cluster_kind_info.main, question)
    assert not run.failed
    assert not run.result["answers"] and "127.0.0.1:9" in run.result["reason"]
