# SPDX-License-Identifier: Apache-2.0
"""What is drawn of each model, as data for page.js. Pure.

A chart is ``{title, x, y, labels, series}``: names of the axes, a label for each place on the x axis, and per
series ``{label, values, dashed, marks}`` with a value (or null) for each label; ``marks`` are places that
stand out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...history.entries import METRIC
from ...history.noise import DROP
from .runs import Configuration, Measured, Point, Run, judgement_of, load_name, load_order, number, points_of

Chart = dict[str, Any]
USERS, SPEED = "users at once", "output tokens/s"
# More lines than these nobody tells apart, more runs than these nobody looks at.
_MOST_CONFIGURATIONS = 6
_MOST_RUNS = 100
_PERCENTILES = (("median", "median"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"))
_LATENCIES = (
    ("ttft", "Time to first token (TTFT)"),
    ("tpot", "Time per output token after the first (TPOT)"),
    ("e2el", "Whole answer (E2EL)"),
)


def throughput(measured: Measured) -> Chart:
    """The last run of everything that was measured of a model, side by side."""
    configurations = measured.configurations[:_MOST_CONFIGURATIONS]
    loads = _loads([configuration.latest for configuration in configurations])
    series = [
        _series(measured.label(configuration), configuration.latest, loads, METRIC)
        for configuration in configurations
    ]
    return _chart("Throughput", USERS, SPEED, loads, series)


def latencies(configuration: Configuration) -> list[Chart]:
    """Percentiles of the last run. What it has no value of is not drawn."""
    loads = _loads([configuration.latest])
    charts = []
    for name, title in _LATENCIES:
        series = [
            _series(label, configuration.latest, loads, f"{word}_{name}_ms") for word, label in _PERCENTILES
        ]
        drawn = [row for row in series if any(value is not None for value in row["values"])]
        if drawn:
            charts.append(_chart(title, USERS, "milliseconds", loads, drawn))
    return charts


def history(configuration: Configuration) -> Chart:
    """Throughput of every run at each load, and below what it would have been called a drop."""
    runs = configuration.runs[-_MOST_RUNS:]
    series: list[dict[str, Any]] = []
    for load in _loads(runs):
        found = [_point_at(run, load) for run in runs]
        judged = [judgement_of(run, point) if point else {} for run, point in zip(runs, found, strict=True)]
        values = [number(point.get(METRIC)) if point else None for point in found]
        drops = [place for place, judgement in enumerate(judged) if judgement.get("verdict") == DROP]
        name = load if load.endswith("/s") else f"{load} at once"
        series.append({"label": name, "values": values, "dashed": False, "marks": drops})
        least = [_least(judgement) for judgement in judged]
        if any(value is not None for value in least):
            series.append({"label": f"drop below, {name}", "values": least, "dashed": True, "marks": []})
    return _chart("History", "run", SPEED, [_when(run) for run in runs], series)


def _chart(title: str, x: str, y: str, labels: list[str], series: list[dict[str, Any]]) -> Chart:
    return {"title": title, "x": x, "y": y, "labels": labels, "series": series}


def _loads(runs: Sequence[Run]) -> list[str]:
    loads = {load_name(point): load_order(point) for run in runs for point in points_of(run)}
    return sorted(loads, key=loads.__getitem__)


def _point_at(run: Run, load: str) -> Point | None:
    return next((point for point in points_of(run) if load_name(point) == load), None)


def _series(label: str, run: Run, loads: Sequence[str], figure: str) -> dict[str, Any]:
    found = [_point_at(run, load) for load in loads]
    values = [number(point.get(figure)) if point else None for point in found]
    return {"label": label, "values": values, "dashed": False, "marks": []}


def _least(judgement: Any) -> float | None:
    median, noise = number(judgement.get("median")), number(judgement.get("noise"))
    return None if median is None or noise is None else round(median - noise, 4)


def _when(run: Run) -> str:
    """Day and minute, in UTC as the history has it."""
    return str(run.get("time") or "")[:16].replace("T", " ")
