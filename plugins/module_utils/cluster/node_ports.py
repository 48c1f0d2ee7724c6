# SPDX-License-Identifier: Apache-2.0
"""Which ports on the nodes a run wants that belong to another Service.

A cluster has each node port once, across all namespaces. The API server says so only when it creates the
Service, after half of a site has been applied, and then names neither the holder nor what to change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from .api import Refused
from .objects import Identity

_CLUSTER_IP = "ClusterIP"


class Reader(Protocol):
    """The part of Api that is needed here."""

    def get(self, path: str) -> dict[str, Any] | None: ...


class _Claim(NamedTuple):
    """What one Service of the run has and wants."""

    owner: str
    variable: str
    identity: Identity
    wanted: frozenset[int]
    live: frozenset[int]
    releases: bool


class NodePorts:
    """The claims of all owners, in the order in which they are applied."""

    def __init__(self, api: Reader) -> None:
        self._api = api
        self._claims: list[_Claim] = []
        self._known: dict[int, Identity] | None = None

    def claim(
        self, owner: str, variable: str, definition: Mapping[str, Any], found: Mapping[str, Any] | None
    ) -> bool:
        """Note what a Service wants; whether another one has it now, so that a dry run would be refused."""
        identity = Identity.of(definition)
        if (identity.api_version, identity.kind) != ("v1", "Service"):
            return False
        wanted, live = frozenset(node_ports(definition)), frozenset(node_ports(found or {}))
        type_ = (definition.get("spec") or {}).get("type") or _CLUSTER_IP
        releases = bool(wanted) or type_ == _CLUSTER_IP
        self._claims.append(_Claim(owner, variable, identity, wanted, live, releases))
        return any(self._holders().get(port, identity) != identity for port in wanted - live)

    def taken(self, leaving: Collection[Identity]) -> list[dict[str, Any]]:
        """One row per port that another Service has when its turn comes. ``leaving`` will be removed."""
        if not any(claim.wanted - claim.live for claim in self._claims):
            return []
        holders = dict(self._holders())
        rows = []
        for claim in self._claims:
            for port in sorted(claim.wanted - claim.live):
                holder = holders.get(port, claim.identity)
                if holder != claim.identity:
                    rows.append(
                        {
                            "owner": claim.owner,
                            "object": str(claim.identity),
                            "node_port": port,
                            "variable": claim.variable,
                            "holder": str(holder),
                            "leaves": holder in leaving,
                        }
                    )
            if claim.releases:
                holders = {port: holder for port, holder in holders.items() if holder != claim.identity}
            holders.update(dict.fromkeys(claim.wanted, claim.identity))
        return rows

    def _holders(self) -> dict[int, Identity]:
        """The Service of each node port, read once. Nothing where this login must not list them."""
        if self._known is None:
            try:
                items = (self._api.get("/api/v1/services") or {}).get("items") or []
            except Refused as refusal:
                if refusal.status != 403:
                    raise
                items = []
            self._known = {
                port: Identity("v1", "Service", item["metadata"]["namespace"], item["metadata"]["name"])
                for item in items
                for port in node_ports(item)
            }
        return self._known


def node_ports(service: Mapping[str, Any]) -> Iterator[int]:
    """The ports that a Service has on every node, or asks for."""
    spec = service.get("spec") or {}
    ports = [row.get("nodePort") for row in spec.get("ports") or []]
    return (int(port) for port in (*ports, spec.get("healthCheckNodePort")) if port)
