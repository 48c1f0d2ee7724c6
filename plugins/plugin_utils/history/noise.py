# SPDX-License-Identifier: Apache-2.0
"""How much figures of the same load vary between runs, and which difference is more than that. Pure.

The middle of earlier values is their median, their noise the median distance from it: a few strange runs move
neither. Scaled by 1.4826 that distance is the standard deviation where values are spread normally. What lies
more than three of those below the median is a drop; few runs know their noise badly, so for them it is taken
for larger: by 1 + 10/runs, which lets about one in a hundred runs without a drop be called one after five
runs, and one in a thousand after forty. Runs can agree by accident, so the noise is never taken for less than
two percent.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..text.units import many
from .entries import METRIC, comparable, load_of

RECORDED, OK, DROP, ACCEPTED, LIMITED = "recorded", "ok", "drop", "accepted", "client_limited"
MINIMUM_RUNS = 5
_DEVIATIONS = 3.0
_FEW = 10
_TO_DEVIATION = 1.4826
_LEAST_NOISE = 0.02


@dataclass(frozen=True)
class Bound:
    """What earlier runs lead to expect."""

    runs: int
    median: float
    noise: float

    @property
    def least(self) -> float:
        return self.median - self.noise


@dataclass(frozen=True)
class Judgement:
    """One point and the same point of earlier runs. With too few earlier runs there is no bound."""

    max_concurrency: Any
    request_rate: Any
    metric: str
    value: float
    verdict: str
    runs: int
    median: float | None = None
    noise: float | None = None

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def message(self) -> str:
        """A drop in words, with both numbers."""
        load = f"concurrency {self.max_concurrency}"
        if self.request_rate not in (None, "inf"):
            load = f"{self.request_rate:g} requests/s"
        return (
            f"{load}: {self.value:.1f} tok/s, and {many(self.runs, 'earlier run')} had "
            f"{self.median or 0:.1f} ± {self.noise or 0:.1f} tok/s"
        )


def learn(values: Sequence[float], minimum_runs: int = MINIMUM_RUNS) -> Bound | None:
    """The bound of earlier values, if there are enough of them."""
    if len(values) < max(1, minimum_runs):
        return None
    median = statistics.median(values)
    distance = statistics.median(abs(value - median) for value in values)
    widened = _DEVIATIONS * (1 + _FEW / len(values))
    noise = max(widened * _TO_DEVIATION * distance, _LEAST_NOISE * median)
    return Bound(len(values), median, noise)


def judge(
    entry: Mapping[str, Any],
    history: Iterable[Mapping[str, Any]],
    minimum_runs: int = MINIMUM_RUNS,
    accept: bool = False,
) -> list[Judgement]:
    """Every point of a run beside the same point of earlier ones."""
    earlier = comparable(entry, history)
    return [_judge_point(point, earlier, minimum_runs, accept) for point in entry["points"]]


def _judge_point(
    point: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]], minimum_runs: int, accept: bool
) -> Judgement:
    values = [value for run in earlier for value in _values(run, load_of(point))]
    bound = learn(values, minimum_runs)
    value = float(point[METRIC])
    if point.get("client_limited"):
        verdict = LIMITED
    elif accept:
        verdict = ACCEPTED
    elif bound is None:
        verdict = RECORDED
    else:
        verdict = DROP if value < bound.least else OK
    return Judgement(
        max_concurrency=point.get("max_concurrency"),
        request_rate=point.get("request_rate"),
        metric=METRIC,
        value=value,
        verdict=verdict,
        runs=len(values),
        median=None if bound is None else round(bound.median, 4),
        noise=None if bound is None else round(bound.noise, 4),
    )


def _values(run: Mapping[str, Any], load: tuple[Any, ...]) -> Iterable[float]:
    """Whether a run counts as normal for a load: a drop and a limited client do not."""
    judged = run.get("judgements", [])
    untaught = {load_of(row) for row in judged if row.get("verdict") in (DROP, LIMITED)}
    for point in run.get("points", []):
        if load_of(point) == load and load not in untaught:
            yield float(point[METRIC])
