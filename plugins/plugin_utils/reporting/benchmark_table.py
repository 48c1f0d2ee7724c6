# SPDX-License-Identifier: Apache-2.0
"""Runs as a table that fits a terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..history.noise import LIMITED, RECORDED
from ..text.tables import table

_HEADS = ("model", "load", "tok/s", "req/s", "TTFT ms", "p99", "TPOT ms", "failed", "history")
_NUMBERS = range(1, 8)


def benchmark_table(entries: Sequence[Mapping[str, Any]]) -> str:
    """One line for each point of each run; TTFT and TPOT are medians."""
    rows = []
    for entry in entries:
        judged = entry.get("judgements") or [{}] * len(entry["points"])
        for place, (point, judgement) in enumerate(zip(entry["points"], judged, strict=True)):
            rows.append([str(entry["model"]) if place == 0 else "", *_cells(point), _history(judgement)])
    return "\n".join(table(_HEADS, rows, numbers=_NUMBERS))


def _cells(point: Mapping[str, Any]) -> list[str]:
    rate = point.get("request_rate")
    load = str(point.get("max_concurrency")) if rate in (None, "inf") else f"{rate:g}/s"
    return [
        load,
        _number(point.get("output_throughput"), 1),
        _number(point.get("request_throughput"), 2),
        _number(point.get("median_ttft_ms"), 0),
        _number(point.get("p99_ttft_ms"), 0),
        _number(point.get("median_tpot_ms"), 1),
        str(point.get("failed", "")),
    ]


def _number(value: Any, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _history(judgement: Mapping[str, Any]) -> str:
    verdict, runs = judgement.get("verdict", ""), judgement.get("runs", 0)
    if verdict == LIMITED:
        return "client limited"
    if verdict == RECORDED:
        return f"run {runs + 1}"
    median, noise = judgement.get("median"), judgement.get("noise")
    return verdict if median is None else f"{verdict} ({median:.1f} ± {noise:.1f})"
