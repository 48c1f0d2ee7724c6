# SPDX-License-Identifier: Apache-2.0
"""Reads what a cluster has of a list of objects, and tries what applying them would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ProbeFailed
from . import dry_run as comparing
from .api import Api, Refused
from .config_maps import read_config_maps
from .objects import (
    FIELD_MANAGER,
    WORKLOADS,
    Identity,
    has_handed_over,
    is_owned,
    memory,
    memory_name,
    recall,
    replicas_managers,
    without_replicas,
)
from .rollouts import progress

Definition = Mapping[str, Any]
# Whoever gets one of these would get it from the real apply as well.
_FINAL = frozenset((401, 403, 422))
_ATTEMPTS = 3


class Wanted(NamedTuple):
    """What an owner wants to have in the cluster."""

    owner: str
    namespace: str
    foundation: Sequence[Definition] = ()
    definitions: Sequence[Definition] = ()
    secrets: Sequence[Definition] = ()
    share_replicas: bool = False
    config_maps: Sequence[str] = ()


def observe(api: Api, wanted: Wanted) -> dict[str, Any]:
    """Everything that a run has to know before it applies the objects."""
    return _Observer(api, wanted).result()


class _Observer:
    """One look at a cluster, over one connection."""

    def __init__(self, api: Api, wanted: Wanted) -> None:
        self._api = api
        self._wanted = wanted
        self._namespaces: dict[str, bool] = {}
        self._unfinished: dict[str, str] = {}

    def result(self) -> dict[str, Any]:
        wanted = self._wanted
        identities = [Identity.of(item) for item in (*wanted.definitions, *wanted.secrets)]
        stale = self._stale(identities)
        remembered = memory([*identities, *stale], wanted.owner, wanted.namespace)
        secrets = [self._describe(item) for item in wanted.secrets]
        ordered = [*wanted.foundation, remembered, *wanted.definitions]
        rows = [self._describe(item) for item in ordered]
        return {
            "namespace_exists": self._has_namespace(wanted.namespace),
            "objects": [row for row, _ in (*secrets, *rows)],
            "pending": [
                {"object": row["object"], "verdict": row["verdict"], "definition": definition}
                for row, definition in rows
                if row["verdict"] != comparing.UNCHANGED
            ],
            "pending_secrets": [
                index for index, (row, _) in enumerate(secrets) if row["verdict"] != comparing.UNCHANGED
            ],
            "unfinished": self._unfinished,
            "stale": [identity.reference() for identity in stale],
            "memory": memory(identities, wanted.owner, wanted.namespace),
            "config_maps": self._config_maps(),
        }

    def _describe(self, definition: Definition) -> tuple[dict[str, Any], Definition]:
        """One row about a wanted object, and the object as it should be applied."""
        identity = Identity.of(definition)
        row: dict[str, Any] = {
            "object": str(identity),
            "exists": False,
            "applicable": True,
            "obstacle": "",
            "verdict": comparing.CREATED,
        }
        resource = self._api.resource(identity.api_version, identity.kind)
        if resource is None:
            return {**row, "applicable": False, "obstacle": "api"}, definition
        if resource.namespaced and not self._has_namespace(identity.namespace):
            return {**row, "applicable": False, "obstacle": "namespace"}, definition
        found = self._api.read(*identity)
        if found is None:
            if identity.kind in WORKLOADS:
                self._unfinished[_label(identity)] = progress(None).summary
            return row, definition
        row["exists"] = True
        if "replicas" in (found.get("spec") or {}):
            row["replicas"] = found["spec"]["replicas"]
            row["replicas_managers"] = replicas_managers(found)
        if self._wanted.share_replicas and has_handed_over(row.get("replicas_managers")):
            definition = without_replicas(definition)
        row["verdict"] = self._verdict(definition, identity, found)
        if identity.kind in WORKLOADS and not progress(found).done:
            self._unfinished[_label(identity)] = progress(found).summary
        return row, definition

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
                return comparing.UNTRIED
            if latest is not None and comparing.is_same_version(latest, tried):
                return comparing.verdict(latest, tried, FIELD_MANAGER)
            latest = self._api.read(*identity)
        return comparing.UNTRIED

    def _stale(self, identities: Sequence[Identity]) -> list[Identity]:
        """What this owner applied earlier and no longer lists, as far as it is still there and its own."""
        wanted = self._wanted
        if not self._has_namespace(wanted.namespace):
            return []
        remembered = recall(self._api.read("v1", "ConfigMap", wanted.namespace, memory_name(wanted.owner)))
        return [
            identity
            for identity in remembered
            if identity not in identities and is_owned(self._api.read(*identity) or {}, wanted.owner)
        ]

    def _config_maps(self) -> dict[str, Any]:
        wanted = self._wanted
        if not self._has_namespace(wanted.namespace):
            return {}
        return read_config_maps(self._api, wanted.namespace, wanted.config_maps)

    def _has_namespace(self, name: str) -> bool:
        if name not in self._namespaces:
            self._namespaces[name] = self._api.read("v1", "Namespace", "", name) is not None
        return self._namespaces[name]


def _label(identity: Identity) -> str:
    return f"{identity.kind} {identity.namespace}/{identity.name}"
