# SPDX-License-Identifier: Apache-2.0
"""What roles want to have in the cluster, checked and completed: one set of objects for each owner. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils.cluster.objects import MANAGED_BY, MANAGED_BY_LABEL, Identity
from ...module_utils.cluster.restarts import RELOADED
from ...module_utils.errors import InvalidInput
from ..boundary.filters import read_rows
from ..boundary.plain import plain
from .objects import object_references, own_objects

DEFAULTS: dict[str, Any] = {
    "definitions": [],
    "secrets": [],
    "create_namespace": True,
    # Folders of a host (hostPath) need privileged.
    "pod_security": {"enforce": "privileged", "warn": "baseline", "audit": "baseline"},
    "requirements": [],
    "share_replicas": False,
    "config_maps": [],
    "node_resource": None,
    "node_port_input": "",
    "kinds": [],
    "timeout": 600,
}
_LEAVING: dict[str, Any] = {"definitions": [], "secrets": [], "create_namespace": False}
_REQUIRED = ("owner", "namespace")
_SECRET_FORMS = ("values", "existing", "external")
OPAQUE = "Opaque"
_OWNER = re.compile(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def object_sets(
    sets: Any, leaving: bool = False, requirements: Any = (), pod_security: Any = None
) -> list[dict[str, Any]]:
    """The sets as cluster_objects_info takes them: objects with the owner's labels, Secrets as objects.

    Raises InvalidInput for an owner or namespace that Kubernetes would refuse, an owner that is there twice,
    and a secret that says none or several of values, existing and external. ``leaving`` takes the objects
    out. ``requirements``, and ``pod_security`` by namespace, are for sets without their own.
    """
    levels = plain(pod_security) or {}
    found: list[dict[str, Any]] = []
    for row in read_rows(sets, "cluster_objects_sets"):
        if row.get("namespace") in levels:
            row.setdefault("pod_security", levels[row["namespace"]])
        found.append(_complete({**row, **_LEAVING} if leaving else {"requirements": requirements, **row}))
    owners = [row["owner"] for row in found]
    if twice := sorted({owner for owner in owners if owners.count(owner) > 1}):
        raise InvalidInput(f"cluster_objects_sets has {', '.join(twice)} twice.", "Owners must differ.")
    _check_shared_objects(found)
    return found


def _check_shared_objects(sets: Iterable[Mapping[str, Any]]) -> None:
    """Owners may share a namespace. Anything else would change hands with every run."""
    owned: dict[Identity, tuple[str, Mapping[str, Any]]] = {}
    for row in sets:
        for definition in (*row["foundation"], *row["definitions"], *row["secrets"]):
            identity = Identity.of(definition)
            owner, earlier = owned.setdefault(identity, (row["owner"], definition))
            if definition != earlier:
                raise InvalidInput(
                    f"The owners {owner} and {row['owner']} want {identity} differently.",
                    "Give both the same pod_security, or one of them create_namespace: false."
                    if identity.kind == "Namespace"
                    else "Name it in one of them only.",
                )


def workload_deadlines(sets: Any, unwaited: Any = ()) -> list[dict[str, Any]]:
    """References of all workloads, each with the seconds that its set may take.

    ``unwaited`` are label sets: a workload that has all labels of one is left out.
    """
    left_out = read_rows(unwaited or [], "cluster_objects_unwaited")
    return [
        {**reference, "timeout": int(row.get("timeout") or DEFAULTS["timeout"])}
        for row in read_rows(sets, "cluster_objects_sets")
        for definition in row.get("definitions") or []
        if not any(labels and labels.items() <= _labels(definition).items() for labels in left_out)
        for reference in object_references([definition], workloads=True)
    ]


def _labels(definition: Mapping[str, Any]) -> dict[str, Any]:
    return dict(definition["metadata"].get("labels") or {})


def _complete(row: Mapping[str, Any]) -> dict[str, Any]:
    owner = str(row.get("owner") or "")
    if not _OWNER.fullmatch(owner):
        raise InvalidInput(
            f"cluster_objects_sets: the owner {owner!r} must be lower-case letters, digits and dashes."
        )
    where = f"cluster_objects_sets, owner {owner}"
    if unknown := sorted(set(row) - {*_REQUIRED, *DEFAULTS}):
        raise InvalidInput(
            f"{where} has unknown keys: {', '.join(unknown)}.",
            f"Known: {', '.join((*_REQUIRED, *DEFAULTS))}.",
        )
    namespace = str(row.get("namespace") or "")
    if not _NAMESPACE.fullmatch(namespace):
        raise InvalidInput(f"{where}: {namespace!r} is not a valid name of a namespace.")
    one = {**DEFAULTS, **row}
    made, existing = _secrets(one["secrets"], namespace, where)
    return {
        "owner": owner,
        "namespace": namespace,
        "foundation": [_namespace(namespace, one["pod_security"])] if one["create_namespace"] else [],
        "definitions": own_objects(one["definitions"], owner, one["requirements"]),
        "secrets": own_objects(made, owner, one["requirements"]),
        "existing_secrets": existing,
        "share_replicas": bool(one["share_replicas"]),
        "config_maps": list(one["config_maps"]),
        "node_resource": one["node_resource"],
        "node_port_input": str(one["node_port_input"] or ""),
    }


def _namespace(name: str, pod_security: Mapping[str, str]) -> dict[str, Any]:
    levels = {f"pod-security.kubernetes.io/{mode}": level for mode, level in (pod_security or {}).items()}
    labels = {MANAGED_BY_LABEL: MANAGED_BY, **levels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _secrets(rows: Any, namespace: str, where: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Secrets to make, and those that somebody else makes. No message contains a value."""
    made: list[dict[str, Any]] = []
    existing: list[dict[str, Any]] = []
    for row in read_rows(rows, f"secrets of {where}"):
        name = str(row.get("name") or "")
        if not _NAMESPACE.fullmatch(name):
            raise InvalidInput(f"{where}: a secret has the name {name!r}, which Kubernetes refuses.")
        if unknown := sorted(set(row) - {"name", "reloaded", "type", *_SECRET_FORMS}):
            raise InvalidInput(f"{where}: the secret {name} has unknown keys: {', '.join(unknown)}.")
        forms = [form for form in _SECRET_FORMS if form in row]
        if len(forms) != 1:
            raise InvalidInput(f"{where}: the secret {name} needs one of {', '.join(_SECRET_FORMS)}.")
        if forms == ["external"]:
            raise InvalidInput(
                f"{where}: the secret {name} is external, which is reserved and does not work yet.",
                "Let another tool make the Secret, and use existing.",
            )
        if forms == ["existing"]:
            keys = [str(key) for key in plain(row["existing"])]
            existing.append({"name": name, "keys": keys, "reloaded": bool(row.get("reloaded"))})
        else:
            made.append(_secret(name, namespace, row))
    return made, existing


def _secret(name: str, namespace: str, row: Mapping[str, Any]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if row.get("reloaded"):
        metadata["annotations"] = {RELOADED: "true"}
    data = {key: base64.b64encode(str(value).encode()).decode() for key, value in row["values"].items()}
    kind = {"apiVersion": "v1", "kind": "Secret", "type": str(row.get("type") or OPAQUE)}
    return {**kind, "metadata": metadata, "data": data}
