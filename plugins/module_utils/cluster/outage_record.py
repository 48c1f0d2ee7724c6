# SPDX-License-Identifier: Apache-2.0
"""The ConfigMap that holds what a drill has taken away, until it is back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ..errors import ProbeFailed
from .drilled_workload import FIELD_MANAGER, Changer

NAME = "inference-drill"
_KEY = "taken"


def read_record(api: Changer, namespace: str) -> list[dict[str, Any]]:
    """The entries that an interrupted drill left, in the order in which they were taken away."""
    found = api.read("v1", "ConfigMap", namespace, NAME)
    text = ((found or {}).get("data") or {}).get(_KEY, "")
    try:
        entries = json.loads(text) if text else []
    except ValueError:
        entries = None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ProbeFailed(
            f"The record of an earlier drill, ConfigMap {namespace}/{NAME}, cannot be read",
            "See that all tiers are up, then delete it.",
        )
    return entries


def write_record(api: Changer, namespace: str, entries: Sequence[Mapping[str, Any]]) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": namespace},
        "data": {_KEY: json.dumps(list(entries), indent=2)},
    }
    query = {"fieldManager": FIELD_MANAGER, "force": "true"}
    if api.change("PATCH", _path(namespace), query, body, "application/apply-patch+yaml") is None:
        raise ProbeFailed(f"The namespace {namespace} does not exist", "Run playbooks/site.yml first.")


def clear_record(api: Changer, namespace: str) -> None:
    api.change("DELETE", _path(namespace))


def _path(namespace: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace)}/configmaps/{NAME}"
