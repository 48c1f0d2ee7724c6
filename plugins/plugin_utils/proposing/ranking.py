# SPDX-License-Identifier: Apache-2.0
"""Which of several models that work is proposed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

FITS = "fits"
# A bigger model gives a few words a second on a CPU, too few for a tier that stands in for a GPU.
MOST_CPU_PARAMETERS = 10_000_000_000
# The model may take this part of the server's memory; k3s, the gateway and the system share the rest.
_SHARE = 2
# Ollama's own choice is about five bits per parameter (Q4_K_M); a gibibyte holds the context and the runner.
_BYTES_PER_PARAMETER = 0.7
_BESIDE = 1024**3


@dataclass(frozen=True)
class Candidate:
    """A model that the plan accepts on the site's GPUs, with the verdict on its memory."""

    name: str
    verdict: str
    parameters: int
    capabilities: tuple[str, ...]
    weights_bytes: int
    gpus: int
    writes_gpus: bool = False  # whether the catalog's row says another number


def best(candidates: Iterable[Candidate]) -> Candidate | None:
    """One that fits before one that fits tightly, then the larger, then the one that can do more.

    Models that are equal so far differ in how their numbers are stored: the smaller leaves more to the cache.
    The name comes last, so that the order in the catalog does not matter.
    """
    return max(
        sorted(candidates, key=lambda found: found.name),
        key=lambda found: (
            found.verdict == FITS,
            found.parameters,
            len(found.capabilities),
            -found.weights_bytes,
        ),
        default=None,
    )


def best_for_cpu(rows: dict[str, dict[str, Any]], memory_bytes: int) -> str:
    """The catalog's row whose ``ollama_name`` a server with so much memory gets; empty if none fits.

    A model without a licence to accept comes first, then the larger, then the one that can do more.
    """
    room = memory_bytes // _SHARE
    fitting = [
        (name, row)
        for name, row in sorted(rows.items())
        if row.get("ollama_name") and row.get("parameters") and needs_bytes(row["parameters"]) <= room
        if row["parameters"] <= MOST_CPU_PARAMETERS
    ]
    found = max(
        fitting,
        key=lambda pair: (
            not pair[1].get("gated"),
            pair[1]["parameters"],
            len(pair[1].get("capabilities") or ()),
        ),
        default=None,
    )
    return found[0] if found else ""


def needs_bytes(parameters: int) -> int:
    """The memory of a model that Ollama runs [bytes], an estimate."""
    return int(parameters * _BYTES_PER_PARAMETER) + _BESIDE
