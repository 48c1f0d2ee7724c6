# SPDX-License-Identifier: Apache-2.0
"""What each model has to prove once it runs, following from what the plan starts it with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .inputs.wanted import WantedModel

# Models that this parser reads think or not as the last word of a prompt says.
_SWITCHED = "qwen3"
_TOOLS, _REASONING = "tools", "reasoning"

Row = Mapping[str, Any]


def with_contracts(
    engines: Sequence[Row],
    models: Sequence[WantedModel],
    addresses: Sequence[str],
    memory_rows: Iterable[Row],
    placement: Iterable[Row],
) -> list[dict[str, Any]]:
    """The engines' rows, each with its contract. ``addresses`` are those at which the gateway asks them."""
    requested = {(row["model"], row["gpu"]): row for row in memory_rows}
    placed: dict[str, list[Row]] = defaultdict(list)
    shared: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in placement:
        placed[row["model"]].append(row)
        if row["host"]:
            shared[row["mode"], row["host"]].append(row)
    return [
        {
            **engine,
            "contract": {
                **_abilities(model, engine["arguments"]),
                "max_model_len": model.settings.max_model_len,
                "floor_tokens_per_second": _floor(model, placed[model.name]),
                "api_base": address,
                **_memory(placed[model.name], shared, requested),
            },
        }
        for engine, model, address in zip(engines, models, addresses, strict=True)
    ]


def _abilities(model: WantedModel, arguments: Sequence[str]) -> dict[str, Any]:
    """A capability that the engine's release cannot serve is left out: the plan has warned of it."""
    apart = "--reasoning-parser" in arguments
    served = {_TOOLS: "--enable-auto-tool-choice" in arguments}
    settings = model.settings
    return {
        "capabilities": [name for name in settings.capabilities if served.get(name, True)],
        "reasoning_apart": apart,
        "thinking_switch": apart and settings.reasoning_parser == _SWITCHED,
    }


def _floor(model: WantedModel, placed: Sequence[Row]) -> float:
    """The lowest floor of the GPUs that may run the model; 0 if one of them has none."""
    kinds = {row["gpu"] for row in placed}
    floors = [model.settings.floor_tokens_per_second.get(kind) for kind in kinds]
    known = [float(floor) for floor in floors if floor is not None]
    return min(known) if known and len(known) == len(floors) else 0.0


def _memory(
    placed: Sequence[Row],
    shared: Mapping[tuple[str, str], Sequence[Row]],
    requested: Mapping[tuple[str, str], Row],
) -> dict[str, Any]:
    """The host that runs the model, and what all models of its mode claim there together.

    Without a host or one of the figures there is nothing to compare.
    """
    nothing: dict[str, Any] = {"memory_host": "", "memory": {}}
    first = placed[0] if placed else None
    if first is None or not first["host"]:
        return nothing
    expected = minimum = 0
    for row in shared[first["mode"], first["host"]]:
        figures = requested.get((row["model"], row["gpu"]), {})
        if not figures.get("requested_bytes") or not figures.get("weights_bytes"):
            return nothing
        expected += figures["requested_bytes"] * row["gpus"]
        minimum += figures["weights_bytes"] * row["gpus"]
    return {
        "memory_host": first["host"],
        "memory": {"expected_bytes": expected, "minimum_bytes": minimum},
    }
