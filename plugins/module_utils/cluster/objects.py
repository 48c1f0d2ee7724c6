# SPDX-License-Identifier: Apache-2.0
"""Identity and ownership of Kubernetes objects. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import InvalidInput

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "inference.stack"
OWNER_LABEL = "inference.stack/owner"
FIELD_MANAGER = "inference-stack"
# What runs until somebody ends it, and starts again with a new template.
WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet")
# What somebody can wait for.
AWAITED = (*WORKLOADS, "Job")


class Identity(NamedTuple):
    """What identifies one object."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind} {self.namespace}/{self.name}"

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> Identity:
        metadata = definition.get("metadata") or {}
        values = (
            definition.get("apiVersion"),
            definition.get("kind"),
            metadata.get("namespace") or "",
            metadata.get("name"),
        )
        if not all(isinstance(value, str) for value in values) or not (values[0] and values[1] and values[3]):
            raise InvalidInput(
                f"An object has no apiVersion, kind or metadata.name: {dict(zip(cls._fields, values))}."
            )
        return cls(*(str(value) for value in values))

    @classmethod
    def parse(cls, line: str) -> Identity:
        """The reverse of str(): one line of an inventory."""
        parts = line.split(" ")
        if len(parts) != 3 or "/" not in parts[2]:
            raise InvalidInput(f"Not an object's identity: {line!r}.")
        namespace, _, name = parts[2].partition("/")
        return cls(parts[0], parts[1], namespace, name)

    def reference(self) -> dict[str, Any]:
        """The minimum that kubernetes.core needs to find the object."""
        metadata = {"name": self.name}
        if self.namespace:
            metadata["namespace"] = self.namespace
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": metadata}


def is_owned(found: Mapping[str, Any], owner: str) -> bool:
    """Whether the labels of a live object say that it is this owner's to delete."""
    labels = (found.get("metadata") or {}).get("labels") or {}
    return labels.get(MANAGED_BY_LABEL) == MANAGED_BY and labels.get(OWNER_LABEL) == owner


def replicas_managers(found: Mapping[str, Any]) -> list[str]:
    """Field managers that own spec.replicas of a live object."""
    managers = []
    for entry in (found.get("metadata") or {}).get("managedFields") or []:
        spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        if "f:replicas" in spec and entry.get("manager"):
            managers.append(str(entry["manager"]))
    return sorted(set(managers))


def has_handed_over(managers: Iterable[str] | None) -> bool:
    """Whether somebody else owns the replicas of a live object by now, according to its managed fields.

    They are ours only while we alone own it. Nobody may own it: scaling to 0 leaves no owner behind, because
    the scale subresource omits a 0. None stands for an object without replicas, or for none at all.
    """
    return managers is not None and list(managers) != [FIELD_MANAGER]


def names_of_secrets(secrets: Iterable[Mapping[str, Any]]) -> set[str]:
    """What may be shown of Secrets: kind, names, labels, but nothing that is part of their content."""
    hidden: set[str] = set()
    shown: set[str] = set()
    for secret in secrets:
        for key, value in secret.items():
            (hidden if key in ("data", "stringData") else shown).update(leaves(value))
    return shown - hidden


def leaves(value: Any) -> Iterator[str]:
    """Every value inside a value, as text."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif value is not None:
        yield str(value)


def without_replicas(definition: Mapping[str, Any]) -> dict[str, Any]:
    spec = {key: value for key, value in definition["spec"].items() if key != "replicas"}
    return {**definition, "spec": spec}
