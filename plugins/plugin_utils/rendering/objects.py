# SPDX-License-Identifier: Apache-2.0
"""Marks objects as ours, decides which can be applied, and which have handed their replicas over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.cluster.objects import (
    MANAGED_BY,
    MANAGED_BY_LABEL,
    OWNER_LABEL,
    Identity,
    memory_name,
    remember,
)
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.planning.plain import plain
from ansible_collections.inference.stack.plugins.plugin_utils.rendering.plain import read_rows

REQUIREMENTS_ANNOTATION = "inference.stack/requirements"
FIELD_MANAGER = "inference-stack"
_LOGIN = "inference-stack-login"
WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet")
# What others refer to comes first: an API server admits a pod only when its account exists.
_FIRST = (
    "Namespace",
    "CustomResourceDefinition",
    "PriorityClass",
    "RuntimeClass",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "PersistentVolumeClaim",
    "NetworkPolicy",
    "Service",
)


def own_objects(definitions: Any, owner: str, requirements: Any = ()) -> list[dict[str, Any]]:
    """Copies that carry the owner's labels and the trace to requirements, in the order to apply them."""
    rows = read_rows(definitions, "cluster_objects_definitions")
    ids = ", ".join(str(item) for item in requirements or ())
    seen: set[Identity] = set()
    for row in rows:
        identity = Identity.of(row)
        if identity in seen:
            raise InvalidInput(f"{identity} is in the list twice.", "Names of objects must differ.")
        seen.add(identity)
        metadata = row["metadata"]
        labels = {**(metadata.get("labels") or {}), MANAGED_BY_LABEL: MANAGED_BY, OWNER_LABEL: str(owner)}
        metadata["labels"] = labels
        if ids:
            metadata["annotations"] = {REQUIREMENTS_ANNOTATION: ids, **(metadata.get("annotations") or {})}
    return sorted(rows, key=_rank)


def memory_of(definitions: Any, stale: Any, owner: str, namespace: str) -> dict[str, Any]:
    """The ConfigMap that remembers what is applied, so that the next run knows what it may remove.

    It names objects that still have to be removed too: a run that is killed in between loses nothing.
    """
    rows = [*read_rows(definitions, "cluster_objects_definitions"), *read_rows(stale, "stale")]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": memory_name(str(owner)),
            "namespace": str(namespace),
            "labels": {MANAGED_BY_LABEL: MANAGED_BY, OWNER_LABEL: str(owner)},
        },
        "data": {"objects": remember(Identity.of(row) for row in rows)},
    }


def applicable_objects(definitions: Any, observed: Any) -> list[dict[str, Any]]:
    """The objects whose namespace and API exist, so that the server can try them."""
    held_back = {row["object"] for row in _rows_of(observed) if not row["applicable"]}
    rows = read_rows(definitions, "cluster_objects_definitions")
    return [row for row in rows if str(Identity.of(row)) not in held_back]


def without_shared_replicas(definitions: Any, observed: Any) -> list[dict[str, Any]]:
    """Leave spec.replicas out where somebody else (modes, an autoscaler, a person) owns it by now."""
    handed_over = {row["object"] for row in _rows_of(observed) if has_handed_over(row)}
    rows = read_rows(definitions, "cluster_objects_definitions")
    for row in rows:
        if str(Identity.of(row)) in handed_over:
            row["spec"].pop("replicas", None)
    return rows


def object_references(definitions: Any, workloads: bool = False) -> list[dict[str, Any]]:
    """Objects without their content: enough to ask about them, and nothing secret."""
    rows = read_rows(definitions, "cluster_objects_definitions")
    return [Identity.of(row).reference() for row in rows if not workloads or row.get("kind") in WORKLOADS]


def has_handed_over(row: Mapping[str, Any]) -> bool:
    """Whether the replicas of a live object are somebody else's by now.

    They are ours only while we alone own the field. Nobody may own it: scaling to 0 leaves no owner behind,
    because the scale subresource omits a 0.
    """
    managers = row.get("replicas_managers")
    return bool(row.get("exists")) and managers is not None and managers != [FIELD_MANAGER]


def _rows_of(observed: Any) -> list[dict[str, Any]]:
    found = plain(observed)
    return list(found.get("objects") or []) if isinstance(found, dict) else []


def _rank(row: Mapping[str, Any]) -> int:
    kind = row["kind"]
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def kubeconfig_login(kubeconfig: Any) -> Any:
    """The part of a kubeconfig that logs in, under names of our own.

    kubernetes.core masks every value of a kubeconfig in what it prints: with words like v1 and default among
    them its diffs would be unreadable. A path stays a path.
    """
    found = plain(kubeconfig)
    if not isinstance(found, dict) or not found:
        return found
    context = _entry(found, "contexts", "context", found.get("current-context"))
    cluster = _entry(found, "clusters", "cluster", context.get("cluster"))
    user = _entry(found, "users", "user", context.get("user"))
    return {
        "current-context": _LOGIN,
        "contexts": [{"name": _LOGIN, "context": {"cluster": _LOGIN, "user": _LOGIN}}],
        "clusters": [{"name": _LOGIN, "cluster": cluster}],
        "users": [{"name": _LOGIN, "user": user}],
    }


def _entry(config: Mapping[str, Any], plural: str, singular: str, name: Any) -> dict[str, Any]:
    for entry in config.get(plural) or []:
        if entry.get("name") == name:
            return dict(entry.get(singular) or {})
    raise InvalidInput(f"cluster_objects_kubeconfig has no {singular} named {name}.")
