# SPDX-License-Identifier: Apache-2.0
"""What a platform's registry of models should say: a row for each model of the inventory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .inputs.wanted import WantedModel
from .naming import Identity
from .reading.findings import Findings


def registry_rows(models: Sequence[WantedModel], identities: Sequence[Identity]) -> list[dict[str, Any]]:
    """In the order of the inventory. Those of inactive modes as well: who asks for one gets 503."""
    return [_row(model, identity) for model, identity in zip(models, identities, strict=True)]


def check_names(models: Sequence[WantedModel], findings: Findings) -> None:
    """Find models that would share a row."""
    taken: dict[str, str] = {}
    for model in models:
        path = f"{model.path}.registry_name"
        other = taken.setdefault(model.registry_name, path)
        if other != path:
            told = f"is {model.registry_name!r}, which is another model's ({other})"
            findings.problem(path, told, "Give each model a registry_name of its own.")


def _row(model: WantedModel, identity: Identity) -> dict[str, Any]:
    costs = model.settings.cost_per_1k_tokens
    return {
        "name": model.registry_name,
        "display_name": model.settings.display_name,
        "backend_url": identity.url,
        "served_name": identity.served_name,
        "input_cost": float(costs.get("input", 0)),
        "output_cost": float(costs.get("output", 0)),
    }
