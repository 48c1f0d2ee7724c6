"""What would an apply do? Told from the live object and the outcome of a dry run."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster.dry_run import (
    ADOPTED,
    CHANGED,
    UNCHANGED,
    is_same_version,
    verdict,
)

OURS = {"manager": "inference-stack", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
LIVE: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {
        "name": "d",
        "labels": {"app": "d"},
        "resourceVersion": "7",
        "generation": 1,
        "managedFields": [OURS, {"manager": "kubelet", "operation": "Update", "fieldsV1": {}}],
    },
    "spec": {"replicas": 1},
    "status": {"replicas": 1},
}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (["spec", "replicas"], 2, CHANGED),
        (["metadata", "labels"], {}, CHANGED),
        (["metadata", "annotations"], {"a": "b"}, CHANGED),
        (["status", "replicas"], 0, UNCHANGED),
        (["metadata", "generation"], 2, UNCHANGED),
        (["metadata", "managedFields"], [{**OURS, "time": "later"}], UNCHANGED),
        (["metadata", "managedFields"], [{**OURS, "operation": "Update"}], ADOPTED),
        (["metadata", "managedFields"], [{**OURS, "fieldsV1": {"f:spec": {}}}], ADOPTED),
        (["metadata", "managedFields"], [], ADOPTED),
    ],
)
def test_only_what_was_asked_for_counts(path: list[str], value: Any, expected: str) -> None:
    tried = copy.deepcopy(LIVE)
    tried[path[0]][path[1]] = value
    assert verdict(LIVE, tried, "inference-stack") == expected


def test_the_same_is_unchanged() -> None:
    assert verdict(LIVE, copy.deepcopy(LIVE), "inference-stack") == UNCHANGED


def test_a_write_in_between_shows() -> None:
    later = {**LIVE, "metadata": {**LIVE["metadata"], "resourceVersion": "8"}}
    assert is_same_version(LIVE, copy.deepcopy(LIVE))
    assert not is_same_version(LIVE, later)
