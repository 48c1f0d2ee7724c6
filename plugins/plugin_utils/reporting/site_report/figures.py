# SPDX-License-Identifier: Apache-2.0
"""The figures of a run as a table, for those who want numbers and for pages without scripts. Pure."""

from __future__ import annotations

from typing import Any

from ...history.noise import DROP, LIMITED
from .runs import Configuration, Point, judgement_of, load_name, number

HEADS = (
    ("load", "users at once"),
    ("tok/s", "output tokens per second"),
    ("req/s", "requests per second"),
    ("goodput", "requests per second that met every limit of the SLO"),
    ("TTFT ms", "time to first token, median and p99"),
    ("TPOT ms", "time per output token after the first, median and p99"),
    ("E2EL ms", "whole answer, median and p99"),
    ("failed", "requests without an answer"),
    ("history", "beside earlier runs"),
)


def figures_table(configuration: Configuration) -> dict[str, Any]:
    """``heads`` with their explanations, and per load a row of texts and whether it stands out."""
    rows = []
    for point in configuration.points:
        judgement = judgement_of(configuration.latest, point)
        verdict = str(judgement.get("verdict") or "")
        rows.append({"cells": [*_cells(point), _history(judgement)], "bad": verdict in (DROP, LIMITED)})
    return {"heads": HEADS, "rows": rows}


def _cells(point: Point) -> list[str]:
    return [
        load_name(point),
        _text(point.get("output_throughput"), 1),
        _text(point.get("request_throughput"), 2),
        _text(point.get("request_goodput"), 2),
        *(_pair(point, name) for name in ("ttft", "tpot", "e2el")),
        _text(point.get("failed"), 0),
    ]


def _pair(point: Point, name: str) -> str:
    middle, most = (number(point.get(f"{word}_{name}_ms")) for word in ("median", "p99"))
    if middle is None and most is None:
        return "-"
    return f"{_text(middle, 1)} / {_text(most, 1)}"


def _text(value: Any, digits: int) -> str:
    told = number(value)
    return "-" if told is None else f"{told:,.{digits}f}"


def _history(judgement: Any) -> str:
    verdict = str(judgement.get("verdict") or "-").replace("_", " ")
    median, noise = number(judgement.get("median")), number(judgement.get("noise"))
    return verdict if median is None or noise is None else f"{verdict} ({median:,.1f} ± {noise:,.1f})"
