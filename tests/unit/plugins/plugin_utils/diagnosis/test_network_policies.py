"""Network policies are read as Kubernetes reads them, as far as pods of one namespace go."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.network_policies import (
    matches,
    refusing_policies,
)

TARGET, SOURCE = {"app": "vllm-server"}, {"app": "litellm"}


def policy(ingress: list[Any], **spec: Any) -> dict[str, Any]:
    return {"name": "p", "spec": {"podSelector": {"matchLabels": TARGET}, "ingress": ingress, **spec}}


def peer(**words: Any) -> list[Any]:
    return [{"from": [words]}]


GATEWAY = {"podSelector": {"matchLabels": SOURCE}}


@pytest.mark.parametrize(
    "policies",
    [
        [],
        [policy([{}])],
        [policy([{"ports": [{"port": 8000}]}])],
        [policy(peer(**GATEWAY))],
        [policy(peer(namespaceSelector={}))],
        [policy(peer(namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "ml"}}, **GATEWAY))],
        [policy([]), policy(peer(**GATEWAY))],
        [policy([], policyTypes=["Egress"])],
        [{"name": "other", "spec": {"podSelector": {"matchLabels": {"app": "other"}}, "ingress": []}}],
    ],
)
def test_who_may_reach_the_engine(policies: list[dict[str, Any]]) -> None:
    assert refusing_policies(policies, TARGET, SOURCE, "ml") == []


@pytest.mark.parametrize(
    "policies",
    [
        [policy([])],
        [policy(peer(podSelector={"matchLabels": {"app": "other"}}))],
        [policy(peer(namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "other"}}))],
        [policy(peer(ipBlock={"cidr": "10.0.0.0/8"}))],
        [{"name": "p", "spec": {"podSelector": {}}}],
    ],
)
def test_who_may_not(policies: list[dict[str, Any]]) -> None:
    assert refusing_policies(policies, TARGET, SOURCE, "ml") == ["p"]


@pytest.mark.parametrize(
    ("operator", "values", "chosen"),
    [
        ("In", ["litellm", "x"], True),
        ("In", ["x"], False),
        ("NotIn", ["x"], True),
        ("NotIn", ["litellm"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
    ],
)
def test_expressions(operator: str, values: list[str], chosen: bool) -> None:
    row = {"key": "app", "operator": operator, "values": values}
    assert matches({"matchExpressions": [row]}, SOURCE) is chosen
