# SPDX-License-Identifier: Apache-2.0
"""What a proof found, as a document to keep. Pure.

format     of the document: 1
time       when it was noted, UTC
namespace  image  mode   of the plan
tiers      {address, tier} of every server behind the gateway
routes     {model, aliases, steps}: what a consumer may ask for and who answers it, one step {model, tier,
           address} after the other
contracts  {model, tier, fulfilled, broken, failure, checks} of every model that was asked; a check is {check,
           status, expected, seen, required}, ``failure`` says why nothing could be checked
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..boundary.plain import plain
from .document import read_document

FORMAT = 1
_CHECK = ("check", "status", "expected", "seen", "required")


def proof(plan: Any, results: Any, time: str) -> dict[str, Any]:
    """The document. ``results`` are those of llm_contract in a loop over models of the plan."""
    told = plain(plan)
    return {
        "format": FORMAT,
        "time": str(time),
        "namespace": told["namespace"],
        "image": told["image"],
        "mode": told["default_mode"],
        "tiers": [{"address": address, "tier": tier} for address, tier in told["tier_map"].items()],
        "routes": list(_routes(told)),
        "contracts": [_contract(result) for result in plain(results)],
    }


def read_proof(text: str) -> dict[str, Any]:
    """The document of a file; an empty one for an empty text."""
    fix = "Remove the file, then note a new one: ansible-playbook playbooks/site.yml --tags prove"
    return read_document(text, "proof", FORMAT, fix)


def _routes(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    servers: dict[str, list[Mapping[str, Any]]] = {}
    for row in plan["litellm_models"]:
        servers.setdefault(row["model_name"], []).append(row)
    through = f"http://127.0.0.1:{plan['litellm_engine_proxy_port']}/"
    behind = {f"{through}{row['name']}": row["url"] for row in plan["litellm_engines"]}
    below = {name: names for row in plan["litellm_fallbacks"] for name, names in row.items()}
    for model in servers:
        names = [model, *below.get(model, [])]
        yield {
            "model": model,
            "aliases": sorted(name for name, to in plan["litellm_aliases"].items() if to == model),
            "steps": [_step(row, behind) for name in names for row in servers.get(name, [])],
        }


def _step(row: Mapping[str, Any], behind: Mapping[str, str]) -> dict[str, str]:
    """``behind`` is what the gateway reaches through HAProxy: readers want to know the engine."""
    address = row["litellm_params"].get("api_base", "")
    server = address.removesuffix("/v1")
    return {
        "model": row["model_name"],
        "tier": row.get("model_info", {}).get("tier", ""),
        # The client library knows a cloud's address.
        "address": f"{behind[server]}{address[len(server) :]}" if server in behind else address,
    }


def _contract(result: Mapping[str, Any]) -> dict[str, Any]:
    checks: Sequence[Mapping[str, Any]] = result.get("checks") or []
    return {
        "model": result["item"]["served_name"],
        "tier": result.get("tier") or "",
        "fulfilled": bool(result.get("fulfilled")),
        "broken": result.get("broken") or [],
        "failure": "" if checks else str(result.get("msg") or ""),
        "checks": [{name: check[name] for name in _CHECK} for check in checks],
    }
