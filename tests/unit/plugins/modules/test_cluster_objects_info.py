"""The module cluster_objects_info, against a server that answers like a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.modules.cluster_documents import DEPLOYMENT, ENGINE, TOKEN, labelled, resources
from tests.unit.plugins.modules.observed_cluster import ENGINE_NAME, ENGINE_PATH, Cluster, engine, found
from tests.unit.plugins.scripted_server import Exchange

CONTENT = "c2VjcmV0LXZhbHVl"
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "keys", "namespace": "ml"},
    "data": {"keys.json": CONTENT},
}


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
    _inventory, live, missing_api, missing_namespace = found(run)["objects"]
    assert live["exists"] and live["replicas"] == 1
    assert live["replicas_managers"] == ["inference-mode"]
    assert (missing_api["obstacle"], missing_namespace["obstacle"]) == ("api", "namespace")
    assert [item["metadata"]["name"] for item in found(run)["stale"]] == ["mine"]
    assert found(run)["config_maps"] == {"inference-mode": {"mode": "ml"}}
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
    assert ENGINE_NAME not in [row["object"] for row in site.found()["pending"]]


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
    assert found(run)["pending"][-1] == {
        "object": "apps/v1 Deployment ml/new",
        "verdict": "created",
        "definition": new,
    }
    assert found(run)["unfinished"] == {"Deployment ml/new": "does not exist"}


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


def test_the_inventory_keeps_what_still_has_to_go(site: Cluster) -> None:
    run = site.ask()
    listed = found(run)["pending"][0]["definition"]["data"]["objects"]
    assert listed == f"{ENGINE_NAME}\nv1 Service ml/mine\n"
    assert found(run)["inventory"]["data"]["objects"] == f"{ENGINE_NAME}\n"


def test_the_foundation_comes_first_and_is_never_left_over(site: Cluster) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml", "labels": {"a": "b"}}}
    site.tries("/api/v1/namespaces/ml", labelled("ml", {"a": "b"}))
    run = site.ask(foundation=[namespace])
    assert found(run)["pending"][0]["definition"] == namespace
    assert "Namespace" not in found(run)["inventory"]["data"]["objects"]


def test_secrets_are_told_by_their_place_and_never_shown(site: Cluster) -> None:
    kinds = {"kind": "Secret", "name": "secrets", "namespaced": True}
    known = [{"kind": "Namespace", "name": "namespaces", "namespaced": False}, kinds]
    site.server.routes["GET /api/v1"] = lambda exchange: exchange.reply({"resources": known})
    site.server.routes["GET /api/v1/namespaces/ml/secrets/keys"] = lambda exchange: exchange.reply(
        {**SECRET, "data": {"keys.json": "b2xk"}}
    )
    site.tries("/api/v1/namespaces/ml/secrets/keys", SECRET)
    run = site.ask(secrets=[SECRET], definitions=[])
    assert found(run)["pending_secrets"] == [0]
    assert found(run)["objects"][0]["object"] == "v1 Secret ml/keys"
    site.tries("/api/v1/namespaces/ml/secrets/keys", {"message": "bad value: secret-value"}, 422)
    refused = site.ask(secrets=[SECRET], definitions=[])
    assert "refuses v1 Secret ml/keys (HTTP 422)" in refused.result["msg"]
    assert CONTENT not in f"{run.result}{refused.result}"
    assert "secret-value" not in refused.result["msg"]


def test_what_has_not_rolled_out_is_told(site: Cluster) -> None:
    assert site.found()["unfinished"] == {}
    waiting = {**ENGINE, "status": {"observedGeneration": 1, "updatedReplicas": 1}}
    site.reads(waiting)
    assert site.found()["unfinished"] == {"Deployment ml/engine": "0 of 1 pods are available"}


@pytest.mark.parametrize(
    ("ended", "unfinished"),
    [
        (None, "0 of 1 pods are complete"),
        ("Complete", ""),
        ("Failed", "has failed: tried too often"),
    ],
)
def test_a_job_is_unfinished_until_it_is_complete(site: Cluster, ended: str | None, unfinished: str) -> None:
    wanted = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "fetch", "namespace": "ml"}}
    conditions = [{"type": ended, "status": "True", "message": "tried too often"}] if ended else []
    job = {**wanted, "spec": {}, "status": {"conditions": conditions}}
    path = "/apis/batch/v1/namespaces/ml/jobs/fetch"
    site.server.routes["GET /apis/batch/v1"] = lambda exchange: exchange.reply(
        resources(("Job", "jobs", True))
    )
    site.server.routes[f"GET {path}"] = lambda exchange: exchange.reply(job)
    site.tries(path, job)
    seen = site.found(definitions=[wanted])
    assert seen["unfinished"] == ({"Job ml/fetch": unfinished} if unfinished else {})
    assert seen["restarts"] == []


def test_an_object_without_a_namespace_is_refused(site: Cluster) -> None:
    """It would look new to every run."""
    nowhere = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    run = site.ask(definitions=[nowhere])
    assert "ConfigMap /settings has no metadata.namespace. Name one, for instance ml" in run.result["msg"]


def test_fields_of_somebody_else_are_told(site: Cluster) -> None:
    live = engine()
    container: dict[str, Any] = {
        'k:{"name":"vllm"}': {"f:env": {'k:{"name":"DEBUG"}': {".": {}, "f:value": {}}}}
    }
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": container}}}}
    live["metadata"]["managedFields"].append({"manager": "kubectl-set", "fieldsV1": fields})
    site.reads(live)
    row = next(row for row in site.found()["objects"] if row["object"] == ENGINE_NAME)
    assert row["foreign_fields"] == [
        {"manager": "kubectl-set", "field": "spec.template.spec.containers[vllm].env[DEBUG]"}
    ]


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        ({"token": "eA=="}, []),
        ({"other": "eA=="}, [{"name": "hub", "exists": True, "keys": ["token"]}]),
        (None, [{"name": "hub", "exists": False, "keys": ["token"]}]),
    ],
)
def test_secrets_that_somebody_else_makes_are_looked_for(
    site: Cluster, data: dict[str, str] | None, missing: list[dict[str, Any]]
) -> None:
    known = [
        {"kind": kind, "name": f"{kind.lower()}s", "namespaced": kind != "Namespace"}
        for kind in ("Namespace", "Secret", "ConfigMap", "Service")
    ]
    site.server.routes["GET /api/v1"] = lambda exchange: exchange.reply({"resources": known})
    if data is not None:
        secret = {"kind": "Secret", "metadata": {"name": "hub"}, "data": data}
        site.server.routes["GET /api/v1/namespaces/ml/secrets/hub"] = lambda exchange: exchange.reply(secret)
    run = site.ask(existing_secrets=[{"name": "hub", "keys": ["token"]}])
    assert found(run)["missing_secrets"] == missing
    assert "eA==" not in f"{run.result}"


def test_the_same_look_tells_which_nodes_offer_a_resource(site: Cluster) -> None:
    wanted = {"resource": "nvidia.com/gpu", "node_selector": {"gpu": "true"}}
    assert site.found(node_resource=wanted)["node_resource"] == {"offering": {"worker": 1}, "lacking": {}}
    assert site.found()["node_resource"] == {}


def test_several_owners_share_one_connection_and_one_look_at_the_namespace(site: Cluster) -> None:
    other = {"owner": "web", "namespace": "ml", "definitions": []}
    run = site.ask_all([{"owner": "vllm", "namespace": "ml", "definitions": [DEPLOYMENT]}, other])
    assert set(run.result["owners"]) == {"vllm", "web"}
    assert run.result["owners"]["web"]["stale"] == []
    assert site.server.connections == 1
    asked = [request.path for request in site.server.requests]
    assert asked.count("/api/v1/namespaces/ml") == 1
