"""The module cluster_objects_info, against a server that answers like a cluster."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.modules import cluster_objects_info

from tests.unit.plugins.modules.cluster_documents import DEPLOYMENT, ENGINE, TOKEN, ask, labelled
from tests.unit.plugins.modules.module_runner import ModuleRun, ModuleRunner
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

ENGINE_PATH = "/apis/apps/v1/namespaces/ml/deployments/engine"
ENGINE_NAME = "apps/v1 Deployment ml/engine"
CONTENT = "c2VjcmV0LXZhbHVl"
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "keys", "namespace": "ml"},
    "data": {"keys.json": CONTENT},
}


class Cluster:
    """What the module says of one Deployment whose dry run ends as a test wants it."""

    def __init__(self, server: ScriptedServer, run_module: ModuleRunner) -> None:
        self.server = server
        self._run_module = run_module
        self.tries(ENGINE_PATH, ENGINE)

    def tries(self, path: str, outcome: dict[str, Any], status: int = 200) -> None:
        self.server.routes[f"PATCH {path}"] = lambda exchange: exchange.reply(outcome, status)

    def reads(self, found: dict[str, Any]) -> None:
        self.server.routes[f"GET {ENGINE_PATH}"] = lambda exchange: exchange.reply(found)

    def ask(self, check: bool = False, **more: Any) -> ModuleRun:
        request = {"owner": "vllm", "namespace": "ml", "definitions": [DEPLOYMENT], **more}
        return self._run_module(cluster_objects_info.main, ask(self.server, **request), check=check)

    def verdict(self, **more: Any) -> str:
        run = self.ask(**more)
        assert not run.failed, run.result
        return next(row["verdict"] for row in run.result["objects"] if row["object"] == ENGINE_NAME)

    def applied(self, **more: Any) -> list[dict[str, Any]]:
        return [row["definition"] for row in self.ask(**more).result["pending"]]


@pytest.fixture
def site(cluster: ScriptedServer, run_module: ModuleRunner) -> Cluster:
    return Cluster(cluster, run_module)


def engine(**spec: Any) -> dict[str, Any]:
    outcome: dict[str, Any] = copy.deepcopy(ENGINE)
    outcome["spec"].update(spec)
    return outcome


@pytest.mark.parametrize("check", [True, False])
def test_it_reads_what_an_owner_has(site: Cluster, check: bool) -> None:
    certificate = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "tls", "namespace": "ml"},
    }
    elsewhere = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "other"}}
    run = site.ask(
        check, definitions=[DEPLOYMENT, certificate, elsewhere], config_maps=["inference-mode", "absent"]
    )
    assert run.exit_code == 0, run.result
    _memory, found, missing_api, missing_namespace = run.result["objects"]
    assert found["exists"] and found["replicas"] == 1
    assert found["replicas_managers"] == ["inference-mode"]
    assert (missing_api["obstacle"], missing_namespace["obstacle"]) == ("api", "namespace")
    assert [item["metadata"]["name"] for item in run.result["stale"]] == ["mine"]
    assert run.result["config_maps"] == {"inference-mode": {"mode": "ml"}}
    assert run.result["changed"] is False
    assert site.server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert site.server.connections == 1


def test_nothing_but_dry_runs_is_sent(site: Cluster) -> None:
    site.ask()
    sent = [request for request in site.server.requests if request.content]
    assert [request.sent["kind"] for request in sent] == ["ConfigMap", "Deployment"]
    assert all("dryRun=All" in request.path and "force=true" in request.path for request in sent)
    assert all(request.headers["Content-Type"] == "application/apply-patch+yaml" for request in sent)


def test_what_is_as_wanted_is_not_pending(site: Cluster) -> None:
    assert site.verdict() == "unchanged"
    assert ENGINE_NAME not in [row["object"] for row in site.ask().result["pending"]]


@pytest.mark.parametrize(
    ("outcome", "status", "verdict"),
    [
        (engine(paused=True), 200, "changed"),
        (engine(), 200, "unchanged"),
        ({"message": "admission webhook x does not support dry run"}, 400, "untried"),
        ({"message": "the object has been modified"}, 409, "untried"),
    ],
)
def test_what_differs_is_pending(site: Cluster, outcome: dict[str, Any], status: int, verdict: str) -> None:
    site.tries(ENGINE_PATH, outcome, status)
    assert site.verdict() == verdict
    assert (DEPLOYMENT in site.applied()) is (verdict != "unchanged")


def test_what_is_not_there_is_created_without_a_try(site: Cluster) -> None:
    new = {**DEPLOYMENT, "metadata": {"name": "new", "namespace": "ml"}}
    run = site.ask(definitions=[new])
    assert run.result["pending"][-1] == {
        "object": "apps/v1 Deployment ml/new",
        "verdict": "created",
        "definition": new,
    }
    assert run.result["unfinished"] == {"Deployment ml/new": "does not exist"}


def test_a_write_between_read_and_try_is_not_taken_for_a_change(site: Cluster) -> None:
    answers = iter([engine(replicas=1), engine(paused=True)])

    def read(exchange: Exchange) -> None:
        found = next(answers)
        found["metadata"]["resourceVersion"] = "2" if "paused" in found["spec"] else "1"
        exchange.reply(found)

    site.server.routes[f"GET {ENGINE_PATH}"] = read
    outcome = engine(paused=True)
    outcome["metadata"]["resourceVersion"] = "2"
    site.tries(ENGINE_PATH, outcome)
    assert site.verdict() == "unchanged"


def test_a_refusal_names_the_object(site: Cluster) -> None:
    site.tries(ENGINE_PATH, {"message": "spec.selector: field is immutable"}, 422)
    message = site.ask().result["msg"]
    assert f"refuses {ENGINE_NAME} (HTTP 422): spec.selector: field is immutable" in message


@pytest.mark.parametrize(("share", "kept"), [(True, False), (False, True)])
def test_replicas_of_somebody_else_are_left_out_on_request(site: Cluster, share: bool, kept: bool) -> None:
    site.tries(ENGINE_PATH, engine(paused=True))
    wanted = {**DEPLOYMENT, "spec": {"replicas": 0, "paused": True}}
    applied = site.applied(definitions=[wanted], share_replicas=share)[-1]
    assert ("replicas" in applied["spec"]) is kept
    sent = [request.sent for request in site.server.requests if request.content]
    assert ("replicas" in sent[-1]["spec"]) is kept


@pytest.mark.parametrize("managers", [[], ["inference-mode", "inference-stack"], ["inference-mode"]])
def test_replicas_are_ours_only_while_we_alone_own_them(site: Cluster, managers: list[str]) -> None:
    wanted = {**DEPLOYMENT, "spec": {"replicas": 0, "paused": True}}
    for owners, ours in ((managers, False), (["inference-stack"], True)):
        live = engine()
        live["metadata"]["managedFields"] = [
            {"manager": name, "fieldsV1": {"f:spec": {"f:replicas": {}}}} for name in owners
        ]
        site.reads(live)
        site.tries(ENGINE_PATH, engine(paused=True))
        applied = site.applied(definitions=[wanted], share_replicas=True)[-1]
        assert ("replicas" in applied["spec"]) is ours


def test_the_memory_keeps_what_still_has_to_go(site: Cluster) -> None:
    run = site.ask()
    remembered = run.result["pending"][0]["definition"]["data"]["objects"]
    assert remembered == f"{ENGINE_NAME}\nv1 Service ml/mine\n"
    assert run.result["memory"]["data"]["objects"] == f"{ENGINE_NAME}\n"


def test_the_foundation_comes_first_and_is_never_left_over(site: Cluster) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml", "labels": {"a": "b"}}}
    site.tries("/api/v1/namespaces/ml", labelled("ml", {"a": "b"}))
    run = site.ask(foundation=[namespace])
    assert run.result["pending"][0]["definition"] == namespace
    assert "Namespace" not in run.result["memory"]["data"]["objects"]


def test_secrets_are_told_by_their_place_and_never_shown(site: Cluster) -> None:
    kinds = {"kind": "Secret", "name": "secrets", "namespaced": True}
    known = [{"kind": "Namespace", "name": "namespaces", "namespaced": False}, kinds]
    site.server.routes["GET /api/v1"] = lambda exchange: exchange.reply({"resources": known})
    site.server.routes["GET /api/v1/namespaces/ml/secrets/keys"] = lambda exchange: exchange.reply(
        {**SECRET, "data": {"keys.json": "b2xk"}}
    )
    site.tries("/api/v1/namespaces/ml/secrets/keys", SECRET)
    run = site.ask(secrets=[SECRET], definitions=[])
    assert run.result["pending_secrets"] == [0]
    assert run.result["objects"][0]["object"] == "v1 Secret ml/keys"
    site.tries("/api/v1/namespaces/ml/secrets/keys", {"message": "bad value: secret-value"}, 422)
    refused = site.ask(secrets=[SECRET], definitions=[])
    assert "refuses v1 Secret ml/keys (HTTP 422)" in refused.result["msg"]
    assert CONTENT not in f"{run.result}{refused.result}"
    assert "secret-value" not in refused.result["msg"]


def test_what_has_not_rolled_out_is_told(site: Cluster) -> None:
    assert site.ask().result["unfinished"] == {}
    waiting = {**ENGINE, "status": {"observedGeneration": 1, "updatedReplicas": 1}}
    site.reads(waiting)
    assert site.ask().result["unfinished"] == {"Deployment ml/engine": "0 of 1 pods are available"}
