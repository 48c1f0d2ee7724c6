# SPDX-License-Identifier: Apache-2.0
"""A drill as people read it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_HEADS = ("stage", "requests", "answered by", "failed", "cut streams", "refused", "p50 s", "p95 s")
_WORDS = (
    ("effect_s", "in effect after {} s"),
    ("detection_s", "next tier answered after {} s"),
    ("late_beyond_p95_s", "late ones {} s at p95 beyond the delay"),
    ("first_extra_p95_s", "first answers {:+} s at p95"),
    ("first_beside_p95_s", "{:+} s beside those at the same time"),
    ("steady_extra_p50_s", "steady {:+} s"),
    ("steady_extra_p95_s", "{:+} s at p95"),
    ("refusal_p95_s", "refused within {} s at p95"),
    ("return_s", "back {} s after it was put back"),
)


def table(
    stages: Sequence[Mapping[str, Any]], outages: Sequence[Mapping[str, Any]], problems: Sequence[str]
) -> list[str]:
    rows = [_HEADS, *(_row(stage) for stage in stages)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    lines.append("")
    lines += [f"{outage['tier']}, {outage['way']}: {_sentence(outage)}" for outage in outages]
    return [*lines, *(f"NOT AS PROMISED: {problem}" for problem in problems)]


def _row(stage: Mapping[str, Any]) -> tuple[str, ...]:
    tiers = ", ".join(f"{name} {count}" for name, count in stage["tiers"].items())
    return (
        stage["stage"],
        str(stage["requests"]),
        tiers or "-",
        *(str(stage[key]) for key in ("failed", "cut_streams", "refused")),
        *("-" if stage[key] is None else f"{stage[key]:.3f}" for key in ("p50_s", "p95_s")),
    )


def _sentence(outage: Mapping[str, Any]) -> str:
    return ", ".join(words.format(outage[key]) for key, words in _WORDS if outage[key] is not None)
