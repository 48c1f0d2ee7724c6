"""The filter apply_steps: what an apply has to do, in order."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import apply_steps, object_sets

from tests.unit.plugins.filter.filter_calls import call, thing

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml"}}
SETS = [
    {
        "owner": "web",
        "namespace": "ml",
        "definitions": [thing(name="web")],
        "secrets": [{"name": "keys", "values": {"A": "1"}}, {"name": "more", "values": {"B": "2"}}],
    }
]


def row(definition: dict[str, Any], verdict: str, **more: Any) -> dict[str, Any]:
    metadata = definition["metadata"]
    name = (
        f"{definition['apiVersion']} {definition['kind']} {metadata.get('namespace', '')}/{metadata['name']}"
    )
    return {
        "object": name,
        "exists": verdict != "created",
        "applicable": True,
        "obstacle": "",
        "verdict": verdict,
    } | more


def owner(*pending: tuple[dict[str, Any], str], **more: Any) -> dict[str, Any]:
    rows = [row(definition, verdict) for definition, verdict in pending]
    return {
        "namespace_exists": True,
        "objects": rows,
        "pending": [
            {**one, "definition": definition} for one, (definition, _) in zip(rows, pending, strict=True)
        ],
        "pending_secrets": [],
        "missing_secrets": [],
        "restarts": [],
        "unfinished": {},
        "stale": [],
        "inventory": thing("ConfigMap", "inventory"),
        "config_maps": {},
    } | more


def steps(*owners: dict[str, Any], check: bool = False, **more: Any) -> dict[str, Any]:
    observed = {"owners": {f"owner-{place}": one for place, one in enumerate(owners)}, **more}
    found: dict[str, Any] = call(apply_steps, observed, [], check, "2026-01-31T12:00:00Z")
    return found


def names(definitions: list[dict[str, Any]]) -> list[str]:
    return [item["metadata"]["name"] for item in definitions]


def test_a_cluster_as_wanted_needs_nothing() -> None:
    found = steps(owner(), owner())
    assert not found["differs"]
    assert (found["objects"], found["secrets"], found["restarts"]) == ([], [], [])


def test_objects_of_all_owners_are_ordered_by_kind() -> None:
    first = owner((NAMESPACE, "created"), (thing(name="a"), "changed"))
    second = owner((NAMESPACE, "created"), (thing("Service", "b"), "created"))
    found = steps(first, second)
    assert names(found["objects"]) == ["ml", "b", "a"]
    assert found["differs"] and found["changes"]


def test_namespaces_go_with_pending_secrets() -> None:
    found = steps(owner((NAMESPACE, "created"), pending_secrets=[1]))
    assert (found["objects"], names(found["namespaces"])) == ([], ["ml"])
    assert found["secrets"] == [{"owner": "owner-0", "place": 1}]


@pytest.mark.parametrize(
    ("verdict", "changes", "untried"),
    [("created", True, False), ("changed", True, False), ("adopted", False, False), ("untried", False, True)],
)
def test_a_new_owner_of_a_field_is_no_change(verdict: str, changes: bool, untried: bool) -> None:
    found = steps(owner((thing(), verdict)))
    assert (found["differs"], found["changes"], found["untried"]) == (True, changes, untried)


def test_two_owners_must_not_want_an_object_differently() -> None:
    other = thing(spec={"replicas": 2})
    with pytest.raises(AnsibleFilterError, match="apps/v1 Deployment ml/vllm-qwen differently"):
        steps(owner((thing(), "changed")), owner((other, "changed")))


def test_check_mode_tells_what_no_dry_run_can_try() -> None:
    lacking = owner((thing(), "created"), pending_secrets=[0], namespace_exists=False)
    lacking["objects"][0]["applicable"] = False
    found = steps(lacking, check=True)
    assert found["unseen"] == ["apps/v1 Deployment ml/vllm-qwen"]
    assert (found["objects"], found["secrets"]) == ([], [])
    real = steps(lacking)
    assert (real["unseen"], names(real["objects"]), len(real["secrets"])) == ([], ["vllm-qwen"], 1)


def test_without_a_cluster_everything_would_be_created() -> None:
    found = call(apply_steps, {}, call(object_sets, SETS), True, "")
    assert found["unseen"] == [
        "v1 Namespace /ml",
        "v1 Secret ml/keys",
        "v1 Secret ml/more",
        "apps/v1 Deployment ml/web",
    ]
    assert found["differs"]


def test_restarts_touch_one_annotation() -> None:
    restart = {
        "object": "apps/v1 Deployment ml/vllm-qwen",
        "reference": thing(),
        "because": "ConfigMap a changes",
    }
    found = steps(owner(restarts=[restart]))
    (partial,) = found["restarts"]
    assert partial["spec"] == {
        "template": {"metadata": {"annotations": {"inference.stack/restarted": "2026-01-31T12:00:00Z"}}}
    }
    (noted,) = found["restarts_due"]
    assert noted["metadata"]["annotations"] == {"inference.stack/restart-due": "2026-01-31T12:00:00Z"}
    assert "spec" not in noted
    assert found["differs"]
    assert found["restarted"] == ["apps/v1 Deployment ml/vllm-qwen: ConfigMap a changes"]


def test_a_namespace_that_nobody_makes_is_told_before_anything_is_applied() -> None:
    own, other = thing("ConfigMap", "a"), thing("ConfigMap", "b")
    other["metadata"]["namespace"] = "n8n"
    away = {"applicable": False, "obstacle": "namespace"}
    new = owner((NAMESPACE, "created"), (own, "created"), (other, "created"))
    new["objects"] = [new["objects"][0], *({**one, **away} for one in new["objects"][1:])]
    for check in (True, False):
        found = steps(new, check=check)
        assert found["unknown_namespaces"] == ["n8n"]
        assert found["differs"]
    assert steps(owner((NAMESPACE, "created"), (own, "created")))["unknown_namespaces"] == []


def test_missing_secrets_are_sentences_that_name_them() -> None:
    missing = [
        {"name": "a", "exists": False, "keys": ["K"]},
        {"name": "b", "exists": True, "keys": ["K", "L"]},
    ]
    told = steps(owner(missing_secrets=missing))["missing_secrets"]
    assert told == ["The Secret a of owner-0 does not exist.", "The Secret b of owner-0 lacks K, L."]


def test_inventories_follow_what_is_removed() -> None:
    found = steps(owner(stale=[thing("Service", "old")]), owner())
    assert names(found["stale"]) == ["old"]
    assert names(found["inventories"]) == ["inventory"]


def taken(**more: Any) -> dict[str, Any]:
    return {
        "owner": "litellm",
        "object": "v1 Service ml2/litellm",
        "node_port": 30400,
        "variable": "litellm_node_port",
        "holder": "v1 Service ml/litellm",
        "leaves": False,
        **more,
    }


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("variable", "change"), [("litellm_node_port", "litellm_node_port"), ("", "the node port")]
)
def test_a_node_port_of_another_service_is_refused(variable: str, change: str, check: bool) -> None:
    found = steps(owner(), check=check, taken_node_ports=[taken(variable=variable)])
    assert found["taken_node_ports"] == [
        f"Node port 30400 of ml2/litellm belongs to Service ml/litellm. Change {change}, or remove that "
        "Service (kubectl -n ml delete service litellm)."
    ]
    assert found["differs"], "nothing else would look at it"


def test_a_service_that_leaves_makes_room_for_its_successor() -> None:
    one = owner(stale=[thing("Service", "old"), thing("Service", "other")])
    found = steps(one, taken_node_ports=[taken(holder="v1 Service ml/old", leaves=True)])
    assert (found["taken_node_ports"], names(found["stale_first"])) == ([], ["old"])
    assert names(found["stale"]) == ["old", "other"]


@pytest.mark.parametrize(
    ("with_gpus", "node_ports", "keeps"),
    [
        (["engine"], [30400], " and keeps the GPUs of engine and node port 30400"),
        ([], [30300, 30400], " and keeps node port 30300, 30400"),
        ([], [], ""),
    ],
)
def test_what_stays_in_another_namespace_is_no_difference(
    with_gpus: list[str], node_ports: list[int], keeps: str
) -> None:
    row = {
        "namespace": "old",
        "owners": ["litellm", "vllm"],
        "objects": ["v1 Service old/litellm"],
        "with_gpus": with_gpus,
        "node_ports": node_ports,
        "claims": ["data"],
        "removal": "kubectl delete namespace old",
    }
    found = steps(owner(), elsewhere=[row])
    assert found["elsewhere"] == [
        f"Namespace old still has 1 object of litellm, vllm{keeps}. No run removes them: another site may be "
        "served from there. If none is: kubectl delete namespace old (deletes the data of the claim data)"
    ]
    assert not found["differs"]


def test_foreign_fields_and_unknown_kinds_are_told() -> None:
    one = owner((thing(), "unchanged"), unfinished={"Deployment ml/vllm-qwen": "0 of 1"})
    one["objects"][0]["foreign_fields"] = [{"field": "spec.paused", "manager": "kubectl-edit"}]
    one["objects"].append(row(thing("Certificate", "tls"), "created", applicable=False, obstacle="api"))
    found = steps(one)
    assert found["foreign_fields"] == ["apps/v1 Deployment ml/vllm-qwen: spec.paused (by kubectl-edit)"]
    assert found["unknown_kinds"] == ["v1 Certificate ml/tls"]
    assert found["unfinished"] == {"Deployment ml/vllm-qwen": "0 of 1"}


def engines(replicas: int, verdict: str = "changed", job: str = "created", **more: Any) -> dict[str, Any]:
    """An owner with a Deployment and a Job that has not ended."""
    fetch = {**thing("Job", "fetch"), "apiVersion": "batch/v1"}
    engine = {**thing("Deployment", "engine"), "apiVersion": "apps/v1"}
    found = owner((fetch, job), (engine, verdict), (thing("ConfigMap", "settings"), "changed"))
    found["objects"][1]["replicas"] = replicas
    return {**found, "unfinished": {"Job ml/fetch": "does not exist"}, **more}


@pytest.mark.parametrize("job", ["created", "unchanged"])
def test_an_engine_that_runs_is_changed_after_its_model_arrived(job: str) -> None:
    """Also in the run after one that was killed while it waited: the Job is there, and has not ended."""
    found = steps(engines(1, job=job))
    assert names(found["awaited_jobs"]) == ["fetch"]
    assert names(found["later"]) == ["engine"]
    assert found["later_changes"] and found["differs"]
    assert "engine" not in names(found["objects"])
    assert "settings" in names(found["objects"])


def test_every_host_s_job_is_waited_for() -> None:
    found = engines(1)
    other = {**thing("Job", "fetch-2"), "apiVersion": "batch/v1"}
    found["objects"] += owner((other, "created"))["objects"]
    found["unfinished"]["Job ml/fetch-2"] = "does not exist"
    assert names(steps(found)["awaited_jobs"]) == ["fetch", "fetch-2"]


def test_a_mode_may_change_only_after_that_as_well() -> None:
    """Nothing has to be applied, but somebody who goes on would stop an engine for one without a model."""
    found = steps(engines(1, verdict="unchanged", job="unchanged"))
    assert (names(found["awaited_jobs"]), found["later"]) == (["fetch"], [])
    assert found["differs"]


@pytest.mark.parametrize(
    ("one", "check"),
    [
        (engines(0), False),  # nothing runs that could be lost
        (engines(1, verdict="created"), False),
        (engines(1, unfinished={}), False),  # the Job has ended
        (engines(1), True),
    ],
)
def test_nothing_waits_otherwise(one: dict[str, Any], check: bool) -> None:
    found = steps(one, check=check)
    assert (found["awaited_jobs"], found["later"]) == ([], [])
    assert "engine" in names(found["objects"])
