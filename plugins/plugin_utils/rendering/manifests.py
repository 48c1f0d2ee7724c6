# SPDX-License-Identifier: Apache-2.0
"""Objects as files for kubectl, Kustomize and GitOps tools: one each, and a kustomization. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from ...module_utils.errors import InvalidInput
from ...module_utils.mode.names import CONFIG_MAP
from ...module_utils.mode.record import config_map, record, replicas
from ..boundary.plain import plain
from .object_sets import OPAQUE, object_sets
from .objects import rank

_HEADER = "# Rendered by inference.stack (playbooks/render.yml). Change the inventory and render again.\n"


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stay readable."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def manifests(
    sets: Any, models: Any = (), mode: str = "", mode_namespace: str = "", pod_security: Any = None
) -> list[dict[str, str]]:
    """Files as mappings of ``path`` and ``content``, in the order in which a person would apply them.

    The engines of ``models`` that are active run as often as the inventory says, and the ConfigMap of the
    ``mode`` is among the files: without it a later run would take the mode for a new one. Secrets are not
    among them; those that the objects refer to are listed in ``secrets.yaml.example``.
    """
    owned = object_sets(sets, pod_security=pod_security)
    running = {row["deployment"]: replicas(row) for row in plain(models) if row.get("active")}
    found: dict[str, dict[str, Any]] = {}
    for row in owned:
        for definition in row["foundation"]:
            _add(found, f"namespace-{definition['metadata']['name']}.yaml", definition)
        for definition in row["definitions"]:
            _add(
                found,
                _path(row["owner"], definition),
                _with_replicas(definition, running, row["share_replicas"]),
            )
    if mode:
        _add(
            found,
            f"mode/configmap-{CONFIG_MAP}.yaml",
            config_map(record(plain(mode), plain(models)), plain(mode_namespace)),
        )
    ordered = sorted(found.items(), key=lambda item: rank(item[1]))
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [path for path, _ in ordered],
    }
    files = [("kustomization.yaml", _dump(kustomization)), *((path, _dump(one)) for path, one in ordered)]
    secrets = _secrets(owned)
    if secrets:
        files.append(("secrets.yaml.example", secrets))
    return [{"path": path, "content": content} for path, content in files]


def _add(found: dict[str, dict[str, Any]], path: str, definition: dict[str, Any]) -> None:
    if found.setdefault(path, definition) != definition:
        raise InvalidInput(f"Two objects would be written to {path}.", "Names of objects must differ.")


def _path(owner: str, definition: Mapping[str, Any]) -> str:
    return f"{owner}/{definition['kind'].lower()}-{definition['metadata']['name']}.yaml"


def _with_replicas(
    definition: dict[str, Any], running: Mapping[str, int], share_replicas: bool
) -> dict[str, Any]:
    """An engine at the number that its mode gives it; site.yml creates it at 0 and lets the mode scale it."""
    if not share_replicas or definition["kind"] != "Deployment":
        return definition
    number = running.get(definition["metadata"]["name"], 0)
    return {**definition, "spec": {**definition["spec"], "replicas": number}}


def _secrets(owned: Sequence[Mapping[str, Any]]) -> str:
    """The Secrets that the objects refer to, with their keys and without their values."""
    rows = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            **({"type": type_} if type_ else {}),
            "metadata": {"name": name, "namespace": row["namespace"]},
            "stringData": dict.fromkeys(keys, "REPLACE"),
        }
        for row in owned
        for name, type_, keys in _names_and_keys(row)
    ]
    text = "".join(f"---\n{yaml.dump(row, Dumper=_Dumper, sort_keys=False, width=120)}" for row in rows)
    note = (
        "# The objects refer to these. Make them yourself: seal them, or let another tool fetch them.\n"
        "# Never commit them in the clear.\n"
    )
    return note + text if rows else ""


def _names_and_keys(row: Mapping[str, Any]) -> Iterable[tuple[str, str, Sequence[str]]]:
    """The type only where it is not the ordinary one."""
    for secret in row["secrets"]:
        type_ = "" if secret["type"] == OPAQUE else secret["type"]
        yield secret["metadata"]["name"], type_, sorted(secret["data"])
    for secret in row["existing_secrets"]:
        yield secret["name"], "", secret["keys"]


def _dump(definition: Mapping[str, Any]) -> str:
    return _HEADER + yaml.dump(definition, Dumper=_Dumper, sort_keys=False, width=120)
