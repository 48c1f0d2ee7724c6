# SPDX-License-Identifier: Apache-2.0
"""Do network policies let one pod reach another of the same namespace? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NAME_LABEL = "kubernetes.io/metadata.name"


def refusing_policies(
    policies: Iterable[Mapping[str, Any]],
    target: Mapping[str, str],
    source: Mapping[str, str],
    namespace: str,
) -> list[str]:
    """Names of the policies that select the target, if none of them admits the source; empty if one does."""
    choosing = [row for row in policies if _chooses(row.get("spec") or {}, target)]
    if any(_admits(row.get("spec") or {}, source, namespace) for row in choosing):
        return []
    return [str(row.get("name")) for row in choosing]


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector chooses these labels; the empty one chooses everything."""
    chosen = selector or {}
    wanted = chosen.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression(row, labels) for row in chosen.get("matchExpressions") or [])


def _chooses(spec: Mapping[str, Any], target: Mapping[str, str]) -> bool:
    kinds = spec.get("policyTypes") or ["Ingress"]
    return "Ingress" in kinds and matches(spec.get("podSelector"), target)


def _admits(spec: Mapping[str, Any], source: Mapping[str, str], namespace: str) -> bool:
    for rule in spec.get("ingress") or []:
        peers = (rule or {}).get("from") or []
        if not peers or any(_is_peer(peer, source, namespace) for peer in peers):
            return True
    return False


def _is_peer(peer: Mapping[str, Any], source: Mapping[str, str], namespace: str) -> bool:
    if "ipBlock" in peer:
        return False
    if peer.get("namespaceSelector") is not None and not matches(
        peer["namespaceSelector"], {NAME_LABEL: namespace}
    ):
        return False
    return matches(peer.get("podSelector"), source)


def _expression(row: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator, values = str(row.get("key")), row.get("operator"), row.get("values") or []
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    return (key in labels) == (operator == "Exists")
