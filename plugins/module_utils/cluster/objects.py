# SPDX-License-Identifier: Apache-2.0
"""Identity and ownership of Kubernetes objects. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "inference.stack"
OWNER_LABEL = "inference.stack/owner"


class Identity(NamedTuple):
    """What tells one object from every other."""

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
        """The reverse of str(): a line of the ConfigMap that remembers what was applied."""
        parts = line.split(" ")
        if len(parts) != 3 or "/" not in parts[2]:
            raise InvalidInput(f"Not an object's identity: {line!r}.")
        namespace, _, name = parts[2].partition("/")
        return cls(parts[0], parts[1], namespace, name)

    def reference(self) -> dict[str, Any]:
        """The least that kubernetes.core needs to find the object."""
        metadata = {"name": self.name}
        if self.namespace:
            metadata["namespace"] = self.namespace
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": metadata}


def memory_name(owner: str) -> str:
    """The ConfigMap that remembers what an owner applied."""
    return f"inference-stack-{owner}"


def remember(identities: Iterable[Identity]) -> str:
    return "".join(f"{line}\n" for line in sorted({str(identity) for identity in identities}))


def recall(memory: Mapping[str, Any] | None) -> list[Identity]:
    """What the ConfigMap says was applied. A line that nobody can read is nothing to delete by."""
    text = ((memory or {}).get("data") or {}).get("objects") or ""
    found = []
    for line in str(text).splitlines():
        try:
            found.append(Identity.parse(line))
        except InvalidInput:
            continue
    return found


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
