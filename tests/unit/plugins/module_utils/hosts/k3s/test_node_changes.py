"""What a node's labels and taints lack, and what of an earlier run has to go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.k3s.node_changes import (
    ANNOTATION,
    Changes,
    compare,
    is_reserved,
    registration_labels,
)

LABELS = {"nvidia.com/gpu": "true"}
TAINTS = ["gpu=true:NoSchedule"]
GPU_TAINT = {"key": "gpu", "value": "true", "effect": "NoSchedule"}
RECORD = {"labels": ["nvidia.com/gpu"], "taints": ["gpu:NoSchedule"]}


def node(
    labels: dict[str, str] | None = None,
    taints: list[dict[str, Any]] | None = None,
    record: Any = None,
) -> dict[str, Any]:
    found: dict[str, Any] = {"metadata": {"labels": labels or {}}, "spec": {"taints": taints or []}}
    if record is not None:
        text = record if isinstance(record, str) else json.dumps(record)
        found["metadata"]["annotations"] = {ANNOTATION: text}
    return found


def test_a_node_that_is_as_wanted_needs_nothing() -> None:
    assert compare(node(LABELS, [GPU_TAINT], RECORD), LABELS, TAINTS) == Changes([], [], "", [])


@pytest.mark.parametrize("empty", [{}, node(), {"metadata": {}, "spec": {}}])
def test_a_node_of_which_nothing_is_wanted_needs_nothing(empty: dict[str, Any]) -> None:
    assert compare(empty, {}, []) == Changes([], [], "", [])


def test_a_new_node_gets_everything_and_a_record_of_it() -> None:
    found = compare(node(), LABELS, TAINTS)
    assert (found.labels, found.taints) == (["nvidia.com/gpu=true"], TAINTS)
    key, _, record = found.annotation.partition("=")
    assert (key, json.loads(record)) == (ANNOTATION, RECORD)
    assert found.beyond_kubelet == TAINTS


def test_a_value_that_changed_is_set_again() -> None:
    found = compare(node({"nvidia.com/gpu": "false"}, [{**GPU_TAINT, "value": "no"}], RECORD), LABELS, TAINTS)
    assert (found.labels, found.taints, found.annotation) == (["nvidia.com/gpu=true"], TAINTS, "")


def test_what_left_the_inventory_leaves_the_node() -> None:
    found = compare(node(LABELS, [GPU_TAINT], RECORD), {}, [])
    assert (found.labels, found.taints) == (["nvidia.com/gpu-"], ["gpu:NoSchedule-"])
    assert json.loads(found.annotation.partition("=")[2]) == {"labels": [], "taints": []}


def test_what_others_set_stays() -> None:
    others = [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]
    found = compare(node({"zone": "a"}, others, {"labels": ["x"], "taints": ["y:NoSchedule"]}), {}, [])
    assert (found.labels, found.taints) == ([], [])


def test_another_effect_of_the_same_key_is_another_taint() -> None:
    found = compare(node({}, [GPU_TAINT], RECORD), {}, ["gpu=true:NoExecute"])
    assert found.taints == ["gpu=true:NoExecute", "gpu:NoSchedule-"]


@pytest.mark.parametrize("wanted", ["gpu:NoSchedule", "gpu=:NoSchedule"])
def test_an_empty_value_is_none(wanted: str) -> None:
    bare = {"key": "gpu", "effect": "NoSchedule"}
    assert compare(node({}, [bare]), {}, [wanted]).taints == []


@pytest.mark.parametrize("record", ["{broken", "[]", '{"labels": null}'])
def test_a_record_that_cannot_be_read_is_written_again(record: str) -> None:
    found = compare(node(LABELS, [], record), LABELS, [])
    assert found.labels == []
    assert json.loads(found.annotation.partition("=")[2])["labels"] == ["nvidia.com/gpu"]


@pytest.mark.parametrize(
    ("label", "reserved"),
    [
        ("kubernetes.io/role", True),
        ("node-role.kubernetes.io/gpu", True),
        ("x.k8s.io/y", True),
        ("nvidia.com/gpu", False),
        ("mykubernetes.io/role", False),
        ("kubernetes.io", False),
    ],
)
def test_labels_that_only_an_administrator_may_set(label: str, reserved: bool) -> None:
    assert is_reserved(label) is reserved
    assert registration_labels({label: "a"}) == ([] if reserved else [f"{label}=a"])
    assert compare(node(), {label: "a"}, []).beyond_kubelet == ([f"{label}=a"] if reserved else [])
