# SPDX-License-Identifier: Apache-2.0
"""A history of benchmarks, sorted for a page: by model, then by what was measured. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...history.entries import METRIC, load_of

_ALWAYS = 2  # traits that are always told: GPU and image

Run = Mapping[str, Any]
Point = Mapping[str, Any]


def number(value: Any) -> float | None:
    """A figure, or None for what cannot be drawn."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def load_order(point: Point) -> tuple[bool, float]:
    """Closed loops by their users, then open loops by their rate."""
    rate = number(point.get("request_rate"))
    if rate is not None:
        return True, rate
    return False, number(point.get("max_concurrency")) or 0.0


def load_name(point: Point) -> str:
    is_open, load = load_order(point)
    return f"{load:g} req/s" if is_open else f"{load:g}"


def points_of(run: Run) -> list[Point]:
    """What can be drawn of a run, by load."""
    told = [point for point in run["points"] if isinstance(point, Mapping)]
    return sorted((point for point in told if number(point.get(METRIC)) is not None), key=load_order)


def judgement_of(run: Run, point: Point) -> Mapping[str, Any]:
    """What the history says about a point; empty if it was not judged."""
    for judgement in run.get("judgements") or []:
        if isinstance(judgement, Mapping) and load_of(judgement) == load_of(point):
            return judgement
    return {}


@dataclass(frozen=True)
class Configuration:
    """Runs that compare, the oldest first."""

    runs: Sequence[Run]

    @property
    def latest(self) -> Run:
        return self.runs[-1]

    @property
    def points(self) -> list[Point]:
        return points_of(self.latest)


@dataclass(frozen=True)
class Measured:
    """A model and all that was measured of it, what was measured last first."""

    model: str
    configurations: Sequence[Configuration]

    def label(self, configuration: Configuration) -> str:
        """GPU and image, and what distinguishes it if others have the same."""
        mine = _traits(configuration.latest)
        told = [_traits(other.latest) for other in self.configurations]
        alike = [traits for traits in told if traits[:_ALWAYS] == mine[:_ALWAYS]]
        differing = [
            mine[place] for place in range(_ALWAYS, len(mine)) if len({traits[place] for traits in alike}) > 1
        ]
        if len(alike) > 1 and not differing:
            differing = [f"key {str(configuration.latest.get('key') or '')[:6]}"]
        return ", ".join(filter(None, [*mine[:_ALWAYS], *differing]))


def _traits(run: Run) -> tuple[str, ...]:
    """GPU and image, then what else makes runs differ."""
    workload = run.get("workload")
    lengths = workload if isinstance(workload, Mapping) else {}
    return (
        str(run.get("gpu") or ""),
        str(run.get("image") or "").rpartition("/")[2],
        f"arguments {str(run.get('arguments_hash') or '')[:6]}",
        f"{lengths.get('input_tokens', '?')} + {lengths.get('output_tokens', '?')} tokens",
        f"client {run.get('client_version') or ''}",
    )


def sort_runs(history: Iterable[Run]) -> list[Measured]:
    """Models by name. Runs without a figure are left out."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in history:
        if points_of(run):
            # A group moves to the end with each of its runs.
            key = (str(run.get("model")), str(run.get("key")))
            groups[key] = [*groups.pop(key, []), run]
    models: dict[str, list[Configuration]] = {}
    for (model, _), runs in reversed(groups.items()):
        models.setdefault(model, []).append(Configuration(runs))
    return [Measured(model, models[model]) for model in sorted(models)]
