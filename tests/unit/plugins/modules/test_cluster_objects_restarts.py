"""Whose pods cluster_objects_info wants to start again, because of what they read at their start."""

from __future__ import annotations

import pytest

from tests.unit.plugins.modules.cluster_documents import DEPLOYMENT
from tests.unit.plugins.modules.observed_cluster import ENGINE_NAME, ENGINE_PATH, Cluster, engine, found

SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "ml"}}
SETTINGS_PATH = "/api/v1/namespaces/ml/configmaps/settings"
EARLY, LATE = "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"


def reads_settings(
    site: Cluster,
    changed: str,
    started: str,
    annotations: dict[str, str] | None = None,
    manager: str = "kubectl-edit",
    restarted: str = "",
) -> None:
    """A pod of the engine that started once, and its ConfigMap, which changed once."""
    template = {"spec": {"volumes": [{"configMap": {"name": "settings"}}]}}
    live = engine(template=template | {"metadata": {"annotations": {"inference.stack/restarted": restarted}}})
    site.reads(live)
    site.tries(ENGINE_PATH, live)
    entry = {"manager": manager, "time": changed, "fieldsV1": {"f:data": {"f:a": {}}}}
    settings = {
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "managedFields": [entry], "annotations": annotations or {}},
        "data": {"a": "1"},
    }
    site.server.routes[f"GET {SETTINGS_PATH}"] = lambda exchange: exchange.reply(settings)
    site.tries(SETTINGS_PATH, settings)
    running = {"state": {"running": {"startedAt": started}}}
    pod = {"metadata": {"labels": {"app": "engine"}}, "status": {"containerStatuses": [running]}}
    site.server.routes["GET /api/v1/namespaces/ml/pods"] = lambda exchange: exchange.reply({"items": [pod]})


@pytest.mark.parametrize(
    ("changed", "started", "annotations", "restarts"),
    [
        (EARLY, LATE, {}, 0),
        (EARLY, EARLY, {}, 0),
        (LATE, EARLY, {}, 1),
        (LATE, EARLY, {"inference.stack/reloaded": "true"}, 0),
    ],
)
def test_a_pod_older_than_its_configuration_has_to_start_again(
    site: Cluster, changed: str, started: str, annotations: dict[str, str], restarts: int
) -> None:
    reads_settings(site, changed, started, annotations)
    rows = site.found(definitions=[SETTINGS, DEPLOYMENT])["restarts"]
    assert [row["object"] for row in rows] == [ENGINE_NAME] * restarts
    assert all("ConfigMap settings changed at 2026-01-01T11:00:00Z" in row["because"] for row in rows)


def test_a_repaired_configuration_starts_its_pods_again(site: Cluster) -> None:
    reads_settings(site, EARLY, LATE)
    right = {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "2"}}
    site.tries(SETTINGS_PATH, right)
    (row,) = site.found(definitions=[SETTINGS, DEPLOYMENT])["restarts"]
    assert (row["object"], row["because"]) == (ENGINE_NAME, "ConfigMap settings changes")
    assert row["reference"]["metadata"] == {"name": "engine", "namespace": "ml"}


@pytest.mark.parametrize(("restarted", "restarts"), [("", 1), (EARLY, 1), (LATE, 0)])
def test_a_run_that_was_killed_before_the_restart_is_finished(
    site: Cluster, restarted: str, restarts: int
) -> None:
    live = engine(template={"metadata": {"annotations": {"inference.stack/restarted": restarted}}})
    live["metadata"]["annotations"] = {"inference.stack/restart-due": LATE}
    site.reads(live)
    site.tries(ENGINE_PATH, live)
    assert len(site.found()["restarts"]) == restarts


def test_a_label_of_ours_is_no_change_of_a_configuration(site: Cluster) -> None:
    reads_settings(site, LATE, EARLY, manager="inference-stack")
    assert site.found(definitions=[SETTINGS, DEPLOYMENT])["restarts"] == []


def test_what_rolls_out_anyway_is_not_started_twice(site: Cluster) -> None:
    reads_settings(site, LATE, EARLY)
    site.tries(ENGINE_PATH, engine(template={"spec": {"containers": []}}))
    assert site.found(definitions=[SETTINGS, DEPLOYMENT])["restarts"] == []


def test_a_restart_that_is_due_is_done_by_the_run_that_replaces_the_pods(site: Cluster) -> None:
    """Else the run after it would restart the new pods, although nothing changed."""
    live = engine()
    live["metadata"]["annotations"] = {"inference.stack/restart-due": LATE}
    site.reads(live)
    site.tries(ENGINE_PATH, engine(template={"spec": {"containers": []}}))
    assert [row["object"] for row in site.found()["restarts"]] == [ENGINE_NAME]


def test_pods_that_a_restart_is_replacing_are_not_started_again(site: Cluster) -> None:
    """A rollout that hangs, or the strategy OnDelete: a run that changes nothing has to stay one."""
    reads_settings(site, LATE, EARLY, restarted=LATE)
    assert site.found(definitions=[SETTINGS, DEPLOYMENT])["restarts"] == []


UNTRIED = {"message": "admission webhook x does not support dry run"}


@pytest.mark.parametrize("path", [ENGINE_PATH, SETTINGS_PATH])
def test_pods_start_again_where_the_server_takes_no_dry_run(site: Cluster, path: str) -> None:
    reads_settings(site, EARLY, LATE)
    right = {**SETTINGS, "data": {"a": "2"}}
    site.tries(SETTINGS_PATH, right)
    site.tries(path, UNTRIED, 400)
    (row,) = site.found(definitions=[right, DEPLOYMENT])["restarts"]
    assert (row["object"], row["because"]) == (ENGINE_NAME, "ConfigMap settings changes")


def test_without_a_dry_run_a_configuration_that_is_as_wanted_starts_nothing(site: Cluster) -> None:
    reads_settings(site, EARLY, LATE)
    site.tries(SETTINGS_PATH, UNTRIED, 400)
    assert site.found(definitions=[{**SETTINGS, "data": {"a": "1"}}, DEPLOYMENT])["restarts"] == []


@pytest.mark.parametrize("first", ["settings", "vllm"])
def test_pods_start_again_for_what_another_owner_changes(site: Cluster, first: str) -> None:
    reads_settings(site, EARLY, LATE)
    right = {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "2"}}
    site.tries(SETTINGS_PATH, right)
    sets = [
        {"owner": "vllm", "namespace": "ml", "definitions": [DEPLOYMENT]},
        {"owner": "settings", "namespace": "ml", "definitions": [SETTINGS]},
    ]
    run = site.ask_all(sorted(sets, key=lambda one: one["owner"] != first))
    assert [row["object"] for row in found(run)["restarts"]] == [ENGINE_NAME]
