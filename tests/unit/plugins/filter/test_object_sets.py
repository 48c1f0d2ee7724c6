"""The filter object_sets: what roles want, checked and completed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import object_sets

from tests.unit.plugins.filter.filter_calls import call, thing

SECRET_WORDS = "correct horse"


def wanted(**more: Any) -> dict[str, Any]:
    return {"owner": "vllm", "namespace": "ml", "definitions": [thing()], **more}


def test_objects_get_labels_a_trace_and_an_order() -> None:
    objects = [thing(), thing("Service", "api"), thing("ConfigMap", "settings")]
    (one,) = call(object_sets, [wanted(definitions=objects, requirements=["REQ-1", "REQ-2"])])
    assert [item["kind"] for item in one["definitions"]] == ["ConfigMap", "Service", "Deployment"]
    for item in one["definitions"]:
        assert item["metadata"]["labels"] == {
            "app.kubernetes.io/managed-by": "inference.stack",
            "inference.stack/owner": "vllm",
        }
        assert item["metadata"]["annotations"] == {"inference.stack/requirements": "REQ-1, REQ-2"}
    assert "labels" not in objects[0]["metadata"]


def test_an_object_keeps_its_own_trace() -> None:
    own = {"annotations": {"inference.stack/requirements": "REQ-1"}, "name": "a", "namespace": "ml"}
    (one,) = call(object_sets, [wanted(definitions=[thing(metadata=own)], requirements=["REQ-2"])])
    assert one["definitions"][0]["metadata"]["annotations"] == {"inference.stack/requirements": "REQ-1"}


def test_the_namespace_comes_along_with_its_pod_security() -> None:
    (one,) = call(object_sets, [wanted()])
    (namespace,) = one["foundation"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    (bare,) = call(object_sets, [wanted(pod_security={})])
    assert set(bare["foundation"][0]["metadata"]["labels"]) == {"app.kubernetes.io/managed-by"}
    (foreign,) = call(object_sets, [wanted(create_namespace=False)])
    assert foreign["foundation"] == []


def test_levels_by_namespace_are_for_sets_without_their_own() -> None:
    baseline, mine = {"enforce": "baseline"}, {"enforce": "restricted"}
    sets = [wanted(), wanted(owner="web", namespace="web", definitions=[], pod_security=mine)]
    sets.append(wanted(owner="plugin", namespace="plugin", definitions=[]))
    found = call(object_sets, sets, pod_security={"ml": baseline, "web": baseline})
    levels = [
        row["foundation"][0]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] for row in found
    ]
    assert levels == ["baseline", "restricted", "privileged"]


def test_secrets_become_objects_and_existing_ones_stay_names() -> None:
    secrets = [
        {"name": "made", "values": {"PASSWORD": SECRET_WORDS}, "reloaded": True},
        {"name": "sealed", "existing": ["TOKEN"]},
    ]
    (one,) = call(object_sets, [wanted(secrets=secrets)])
    (made,) = one["secrets"]
    assert made["data"] == {"PASSWORD": "Y29ycmVjdCBob3JzZQ=="}
    assert made["metadata"]["annotations"] == {"inference.stack/reloaded": "true"}
    assert made["metadata"]["labels"]["inference.stack/owner"] == "vllm"
    assert one["existing_secrets"] == [{"name": "sealed", "keys": ["TOKEN"], "reloaded": False}]


def test_a_secret_may_have_a_type_and_a_set_kinds_of_others() -> None:
    secrets = [
        {"name": "tls", "type": "kubernetes.io/tls", "values": {"tls.crt": "a", "tls.key": "b"}},
        {"name": "ordinary", "values": {"PASSWORD": "a"}},
    ]
    (one,) = call(object_sets, [wanted(secrets=secrets, kinds=[{"api_version": "a/v1", "kind": "B"}])])
    assert [row["type"] for row in one["secrets"]] == ["kubernetes.io/tls", "Opaque"]
    assert "kinds" not in one, "cluster_objects_info has no use for them"


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        ([wanted(definitions=[thing(), thing()])], "twice"),
        ([wanted(definitions=[{"kind": "Pod"}])], "apiVersion"),
        ([wanted(definitions="text")], "not a list"),
        ([wanted(definitions=[1])], "mapping"),
        ([wanted(), wanted()], "vllm twice"),
        ([wanted(), wanted(owner="web")], "vllm and web want apps/v1 Deployment ml/vllm-qwen differently"),
        (
            [wanted(), wanted(owner="web", definitions=[], pod_security={"enforce": "baseline"})],
            "want v1 Namespace /ml differently. Give both the same pod_security",
        ),
        (
            [
                wanted(secrets=[{"name": "s", "values": {"A": SECRET_WORDS}}]),
                wanted(owner="web", definitions=[], secrets=[{"name": "s", "values": {"A": "other"}}]),
            ],
            "want v1 Secret ml/s differently",
        ),
        ([wanted(owner="")], "owner ''"),
        ([wanted(owner="Two Words")], "'Two Words'"),
        ([wanted(namespace="UPPER")], "'UPPER' is not a valid name of a namespace"),
        ([wanted(definition=[])], "unknown keys: definition"),
        ([wanted(secrets=[{"name": "s"}])], "needs one of values, existing, external"),
        ([wanted(secrets=[{"name": "s", "values": {"A": SECRET_WORDS}, "existing": []}])], "needs one of"),
        ([wanted(secrets=[{"name": "s", "external": {"path": "kv/s"}}])], "reserved"),
        ([wanted(secrets=[{"name": "s", "value": {"A": SECRET_WORDS}}])], "unknown keys: value"),
        ([wanted(secrets=[{"values": {"A": SECRET_WORDS}}])], "name ''"),
    ],
)
def test_what_cannot_be_applied_is_refused_without_quoting_a_secret(sets: Any, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words) as refused:
        call(object_sets, sets)
    assert SECRET_WORDS not in str(refused.value)


def test_who_leaves_wants_nothing_and_keeps_the_namespace() -> None:
    secrets = [{"name": "made", "values": {"PASSWORD": SECRET_WORDS}}]
    (one,) = call(object_sets, [wanted(secrets=secrets)], leaving=True)
    assert (one["definitions"], one["secrets"], one["foundation"]) == ([], [], [])
