# SPDX-License-Identifier: Apache-2.0
"""What a site has in the cluster and its inventory no longer asks for, apart from the engines. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GOES, STAYS = "removed", "stays"


def departures(plan: Mapping[str, Any], live: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Parts that were applied and are not wanted any more, and whether a run removes them."""
    applied = {row["owner"]: row for row in live.get("inventories") or []}
    found = []
    for part, status in _unwanted(plan).items():
        row = applied.get(plan["parts"][part]["name"])
        if row:
            shown = {key: row[key] for key in ("namespace", "objects", "folders")}
            found.append({"part": part, "tier": plan["parts"][part]["tier"], "status": status, **shown})
    return found


def other_namespaces(plan: Mapping[str, Any], live: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the owners have in other namespaces, and which inputs want a node port that is in use there."""
    ports = {
        row["node_port"]: f"{row['role']}_node_port"
        for row in plan["parts"].values()
        if row["wanted"] and row["node_port"]
    }
    return [
        {**row, "blocked": sorted(ports[port] for port in row["node_ports"] if port in ports)}
        for row in live.get("elsewhere") or []
    ]


def _unwanted(plan: Mapping[str, Any]) -> dict[str, str]:
    """By the rules of site.yml: a CPU tier without models is removed, a chat is left to chat.yml."""
    found = {}
    if not plan["ollama_models"]:
        found["ollama"] = GOES
    if not plan["parts"]["chat"]["wanted"]:
        found["chat"] = STAYS
    return found
