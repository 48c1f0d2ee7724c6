# SPDX-License-Identifier: Apache-2.0
"""Reads what a cluster has of the objects of several owners, and tries what applying them would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import InvalidInput, ProbeFailed
from . import dry_run
from .api import Api, Refused
from .applied_inventory import inventory, inventory_name, listed_objects
from .config_maps import read_config_maps
from .foreign_fields import foreign_fields
from .inventories import elsewhere, read_inventories
from .node_ports import NodePorts
from .node_resources import label_selector, offers
from .objects import (
    AWAITED,
    FIELD_MANAGER,
    WORKLOADS,
    Identity,
    has_handed_over,
    is_owned,
    replicas_managers,
    without_replicas,
)
from .restarts import CONFIGURATION, PodConfiguration, is_changed, is_different
from .rollouts import progress

Definition = Mapping[str, Any]
# The real apply would get the same answer.
_FINAL = frozenset((401, 403, 422))
_ATTEMPTS = 3


class Wanted(NamedTuple):
    """What one owner wants to have in the cluster."""

    owner: str
    namespace: str
    foundation: Sequence[Definition] = ()
    definitions: Sequence[Definition] = ()
    secrets: Sequence[Definition] = ()
    existing_secrets: Sequence[Mapping[str, Any]] = ()
    share_replicas: bool = False
    config_maps: Sequence[str] = ()
    node_resource: Mapping[str, Any] | None = None
    node_port_input: str | None = None


def observe(api: Api, wanted: Iterable[Wanted]) -> dict[str, Any]:
    """Everything that a run needs to know before it applies: by owner, and of the whole cluster."""
    shared = _Shared(api)
    observers = [_Observer(shared, one) for one in wanted]
    found = {observer.owner: observer.result() for observer in observers}
    # Last: a pod may read what another owner is going to change.
    for observer in observers:
        found[observer.owner]["restarts"] = observer.restarts()
    placed = {observer.owner: observer.namespace for observer in observers}
    return {
        "owners": found,
        "taken_node_ports": shared.node_ports.taken(shared.leaving),
        "elsewhere": elsewhere(api, placed, read_inventories(api)),
    }


class _Shared:
    """What all owners ask for, read once."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.configuration = PodConfiguration(api)
        self.node_ports = NodePorts(api)
        self.leaving: set[Identity] = set()
        self._namespaces: dict[str, bool] = {}

    def has_namespace(self, name: str) -> bool:
        if name not in self._namespaces:
            self._namespaces[name] = self.api.read("v1", "Namespace", "", name) is not None
        return self._namespaces[name]


class _Observer:
    """One observation of the objects of one owner."""

    def __init__(self, shared: _Shared, wanted: Wanted) -> None:
        self._shared = shared
        self._api = shared.api
        self._wanted = wanted
        self.owner = wanted.owner
        self.namespace = wanted.namespace
        self._unfinished: dict[str, str] = {}
        self._live: dict[Identity, dict[str, Any]] = {}
        self._rolling: set[Identity] = set()
        """Workloads whose pods an apply replaces anyway."""

    def result(self) -> dict[str, Any]:
        wanted = self._wanted
        identities = [Identity.of(item) for item in (*wanted.definitions, *wanted.secrets)]
        stale = self._stale(identities)
        self._shared.leaving.update(stale)
        listed = inventory([*identities, *stale], wanted.owner, wanted.namespace)
        secrets = [self._describe(item) for item in wanted.secrets]
        ordered = [*wanted.foundation, listed, *wanted.definitions]
        rows = [self._describe(item) for item in ordered]
        return {
            "namespace_exists": self._shared.has_namespace(wanted.namespace),
            "objects": [row for row, _ in (*secrets, *rows)],
            "pending": [
                {"object": row["object"], "verdict": row["verdict"], "definition": definition}
                for row, definition in rows
                if row["verdict"] != dry_run.UNCHANGED
            ],
            "pending_secrets": [
                index for index, (row, _) in enumerate(secrets) if row["verdict"] != dry_run.UNCHANGED
            ],
            "missing_secrets": self._missing_secrets(),
            "unfinished": self._unfinished,
            "stale": [identity.reference() for identity in stale],
            "inventory": inventory(identities, wanted.owner, wanted.namespace),
            "config_maps": self._config_maps(),
            "node_resource": self._node_resource(),
        }

    def _describe(self, definition: Definition) -> tuple[dict[str, Any], Definition]:
        """One row about a wanted object, and the object as it should be applied."""
        identity = Identity.of(definition)
        row: dict[str, Any] = {
            "object": str(identity),
            "exists": False,
            "applicable": True,
            "obstacle": "",
            "verdict": dry_run.CREATED,
        }
        resource = self._api.resource(identity.api_version, identity.kind)
        if resource is None:
            return {**row, "applicable": False, "obstacle": "api"}, definition
        if resource.namespaced and not identity.namespace:
            raise InvalidInput(
                f"{identity} has no metadata.namespace.", f"Name one, for instance {self._wanted.namespace}."
            )
        if resource.namespaced and not self._shared.has_namespace(identity.namespace):
            self._claim_node_ports(definition, None)
            return {**row, "applicable": False, "obstacle": "namespace"}, definition
        found = self._api.read(*identity)
        has_to_wait = self._claim_node_ports(definition, found)
        if found is None:
            if identity.kind in AWAITED:
                self._unfinished[_label(identity)] = progress(None).summary
            if identity.kind in CONFIGURATION:
                self._shared.configuration.will_change(identity)
            return row, definition
        self._live[identity] = found
        row["exists"] = True
        row["foreign_fields"] = foreign_fields(found, definition)
        if "replicas" in (found.get("spec") or {}):
            row["replicas"] = found["spec"]["replicas"]
            row["replicas_managers"] = replicas_managers(found)
        if self._wanted.share_replicas and has_handed_over(row.get("replicas_managers")):
            definition = without_replicas(definition)
        # A dry run would refuse a port of another Service, which may be gone when this one is applied.
        row["verdict"] = dry_run.CHANGED if has_to_wait else self._verdict(definition, identity, found)
        if identity.kind in AWAITED and not progress(found).done:
            self._unfinished[_label(identity)] = progress(found).summary
        return row, definition

    def _claim_node_ports(self, definition: Definition, found: Definition | None) -> bool:
        variable = self._wanted.node_port_input or ""
        return self._shared.node_ports.claim(self.owner, variable, definition, found)

    def _verdict(self, definition: Definition, identity: Identity, found: Mapping[str, Any]) -> str:
        latest: Mapping[str, Any] | None = found
        for _ in range(_ATTEMPTS):
            try:
                tried = self._api.try_apply(definition, FIELD_MANAGER)
            except Refused as error:
                if error.status in _FINAL:
                    # The message about a Secret could quote it.
                    reason = "" if identity.kind == "Secret" else f": {error.message}"
                    raise ProbeFailed(
                        f"The API server refuses {identity} (HTTP {error.status}){reason}"
                    ) from None
                return self._untried(definition, identity, found)
            if latest is not None and dry_run.is_same_version(latest, tried):
                if is_changed(latest, tried):
                    self._shared.configuration.will_change(identity)
                if _template(latest) != _template(tried):
                    self._rolling.add(identity)
                return dry_run.verdict(latest, tried, FIELD_MANAGER)
            latest = self._api.read(*identity)
        return self._untried(definition, identity, found)

    def _untried(self, definition: Definition, identity: Identity, found: Mapping[str, Any]) -> str:
        if is_different(found, definition):
            self._shared.configuration.will_change(identity)
        return dry_run.UNTRIED

    def restarts(self) -> list[dict[str, Any]]:
        """Workloads whose pods run with a configuration that is not the cluster's, and why."""
        return [
            {"object": str(identity), "reference": identity.reference(), "because": because}
            for identity, found in self._live.items()
            if identity.kind in WORKLOADS
            for because in [self._shared.configuration.outdated(identity, found, identity in self._rolling)]
            if because
        ]

    def _missing_secrets(self) -> list[dict[str, Any]]:
        """Secrets that somebody else should have made, and the keys that each lacks."""
        missing = []
        for secret in self._wanted.existing_secrets:
            found = None
            if secret.get("reloaded"):
                self._shared.configuration.is_reloaded(
                    Identity("v1", "Secret", self._wanted.namespace, secret["name"])
                )
            if self._shared.has_namespace(self._wanted.namespace):
                found = self._api.read("v1", "Secret", self._wanted.namespace, secret["name"])
            lacking = [key for key in secret["keys"] if key not in ((found or {}).get("data") or {})]
            if found is None or lacking:
                missing.append({"name": secret["name"], "exists": found is not None, "keys": lacking})
        return missing

    def _stale(self, identities: Sequence[Identity]) -> list[Identity]:
        """What this owner applied earlier and no longer lists, if it still exists with its labels."""
        wanted = self._wanted
        if not self._shared.has_namespace(wanted.namespace):
            return []
        listed = listed_objects(
            self._api.read("v1", "ConfigMap", wanted.namespace, inventory_name(wanted.owner))
        )
        return [
            identity
            for identity in listed
            if identity not in identities and is_owned(self._api.read(*identity) or {}, wanted.owner)
        ]

    def _node_resource(self) -> dict[str, Any]:
        """Which nodes offer what the owner's workloads register."""
        wanted = self._wanted.node_resource
        if not wanted:
            return {}
        answer = self._api.get("/api/v1/nodes", {"labelSelector": label_selector(wanted["node_selector"])})
        return offers((answer or {}).get("items") or [], wanted["resource"])._asdict()

    def _config_maps(self) -> dict[str, Any]:
        wanted = self._wanted
        if not self._shared.has_namespace(wanted.namespace):
            return {}
        return read_config_maps(self._api, wanted.namespace, wanted.config_maps)


def _label(identity: Identity) -> str:
    return f"{identity.kind} {identity.namespace}/{identity.name}"


def _template(document: Mapping[str, Any]) -> Any:
    return (document.get("spec") or {}).get("template")
