# SPDX-License-Identifier: Apache-2.0
"""Marks objects as ours, and reduces them to what others have to know. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...module_utils.cluster.objects import AWAITED, MANAGED_BY, MANAGED_BY_LABEL, OWNER_LABEL, Identity
from ...module_utils.errors import InvalidInput
from ..boundary.filters import read_rows
from ..boundary.plain import plain

REQUIREMENTS_ANNOTATION = "inference.stack/requirements"
_LOGIN = "inference-stack-login"
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
    return sorted(rows, key=rank)


def object_references(definitions: Any, workloads: bool = False) -> list[dict[str, Any]]:
    """References to objects, without their content and without secrets."""
    rows = read_rows(definitions, "cluster_objects_definitions")
    return [Identity.of(row).reference() for row in rows if not workloads or row.get("kind") in AWAITED]


def rank(row: Mapping[str, Any]) -> int:
    """The place of a kind in the order to apply: what others refer to comes first."""
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
