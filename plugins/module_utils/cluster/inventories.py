# SPDX-License-Identifier: Apache-2.0
"""Reads the inventories of a cluster: what the owners of sites applied, in whatever namespace that was.

A run looks after one namespace per owner. What it applied to another one earlier stays, because another site
may be served from there; so it has to be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from .api import Query, Refused
from .applied_inventory import inventory_name, listed_objects
from .node_ports import node_ports
from .objects import MANAGED_BY, MANAGED_BY_LABEL, OWNER_LABEL, Identity

GPU = "nvidia.com/gpu"
# Nobody may delete these.
_OF_KUBERNETES = ("default", "kube-system", "kube-public", "kube-node-lease")


class Reader(Protocol):
    """The part of Api that reading needs."""

    def get(self, path: str, query: Query | None = None) -> dict[str, Any] | None: ...


class Inventory(NamedTuple):
    """What one owner applied, according to its ConfigMap in a namespace."""

    owner: str
    namespace: str
    objects: Sequence[Identity]


def read_inventories(api: Reader) -> list[Inventory]:
    """All of them, by one request, in the order of namespaces and owners."""
    found = []
    for item in _items(api, "/api/v1/configmaps", f"{MANAGED_BY_LABEL}={MANAGED_BY},{OWNER_LABEL}"):
        metadata = item["metadata"]
        owner = str((metadata.get("labels") or {}).get(OWNER_LABEL) or "")
        objects = listed_objects(item)
        if metadata["name"] == inventory_name(owner) and objects and not metadata.get("deletionTimestamp"):
            found.append(Inventory(owner, str(metadata["namespace"]), objects))
    return sorted(found, key=lambda one: (one.namespace, one.owner))


def elsewhere(
    api: Reader, placed: Mapping[str, str], inventories: Iterable[Inventory]
) -> list[dict[str, Any]]:
    """What owners have outside the namespace where they belong (``placed``): one row per such namespace.

    A namespace that nobody belongs to any more is told as a whole, with owners that are not asked for.
    """
    found: dict[str, list[Inventory]] = {}
    known = list(inventories)
    for one in known:
        if placed.get(one.owner, one.namespace) != one.namespace:
            found.setdefault(one.namespace, []).append(one)
    for one in known:
        if one.namespace in found and one.owner not in placed and one.namespace not in placed.values():
            found[one.namespace].append(one)
    return [_describe(api, namespace, rows, placed) for namespace, rows in sorted(found.items())]


def _describe(
    api: Reader, namespace: str, inventories: Sequence[Inventory], placed: Mapping[str, str]
) -> dict[str, Any]:
    owners = sorted(one.owner for one in inventories)
    objects = sorted({identity for one in inventories for identity in one.objects})
    ours = f"{MANAGED_BY_LABEL}={MANAGED_BY},{OWNER_LABEL} in ({','.join(owners)})"
    deployments = _items(api, f"/apis/apps/v1/namespaces/{quote(namespace)}/deployments", ours)
    services = _items(api, f"/api/v1/namespaces/{quote(namespace)}/services", ours)
    return {
        "namespace": namespace,
        "owners": owners,
        "objects": [str(identity) for identity in objects],
        "with_gpus": sorted(row["metadata"]["name"] for row in deployments if _holds_gpus(row)),
        "node_ports": sorted({port for row in services for port in node_ports(row)}),
        "claims": [one.name for one in objects if one.kind == "PersistentVolumeClaim"],
        "removal": removal(namespace, owners, objects, placed.values()),
    }


def removal(namespace: str, owners: Sequence[str], objects: Iterable[Identity], used: Iterable[str]) -> str:
    """The command that removes it. Where others live it takes the owners' objects and nothing else."""
    if namespace not in (*_OF_KUBERNETES, *used):
        return f"kubectl delete namespace {namespace}"
    # What belongs to no namespace is shared with the place that the owner has now.
    kinds = {"configmap"} | {one.kind.lower() for one in objects if one.namespace == namespace}
    selector = f"{MANAGED_BY_LABEL}={MANAGED_BY},{OWNER_LABEL} in ({','.join(owners)})"
    return f"kubectl -n {namespace} delete {','.join(sorted(kinds))} -l '{selector}'"


def _holds_gpus(deployment: Mapping[str, Any]) -> bool:
    spec = deployment.get("spec") or {}
    containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or []
    limits = [(row.get("resources") or {}).get("limits") or {} for row in containers]
    return bool(spec.get("replicas", 1)) and any(GPU in row for row in limits)


def _items(api: Reader, path: str, selector: str) -> list[dict[str, Any]]:
    """A list; empty where this login must not read it."""
    try:
        return list((api.get(path, {"labelSelector": selector}) or {}).get("items") or [])
    except Refused as refusal:
        if refusal.status != 403:
            raise
        return []
