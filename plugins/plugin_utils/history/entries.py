# SPDX-License-Identifier: Apache-2.0
"""One run of a benchmark, as a line of the history holds it. Pure.

Runs compare when GPU, image, model, arguments, client version and workload are the same; ``key`` is a digest
of these. A line holds

  format           of the line itself: 1
  time             when it was noted, UTC
  key              digest of all that has to be the same
  gpu image model  as the plan names them
  arguments        of the engine, and arguments_hash, their digest
  client_version   of the benchmark
  workload         dataset and lengths
  context          whatever else is worth knowing; not compared
  points           figures of llm_benchmark, one for each load
  judgements       what was found about each point, see noise.py
  accepted         true where a person made this run the new measure: what came before no longer counts
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...module_utils.errors import InvalidInput

FORMAT = 1
METRIC = "output_throughput"
"""What runs are compared by."""
# The figures of a benchmark that say what was asked. Only figures of the same questions compare.
_WORKLOAD = (
    *("dataset", "input_tokens", "output_tokens", "prefix_tokens", "spread"),
    *("ignore_eos", "unique_prompts"),
)
_LOAD = ("max_concurrency", "request_rate")


@dataclass(frozen=True)
class Subject:
    """What was measured."""

    gpu: str
    image: str
    model: str
    arguments: Sequence[str]
    context: Mapping[str, Any] = field(default_factory=dict)


def digest(content: Any) -> str:
    """The same short text for the same content, on every machine."""
    told = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def load_of(point: Mapping[str, Any]) -> tuple[Any, ...]:
    """What identifies a point of a run."""
    return tuple(point.get(name) for name in _LOAD)


def make_entry(subject: Subject, points: Sequence[Mapping[str, Any]], time: str) -> dict[str, Any]:
    """A line without judgements. Raises InvalidInput for points that do not belong together."""
    for name in ("gpu", "image", "model"):
        if not getattr(subject, name):
            raise InvalidInput(f"{name} is empty", "Runs compare by it.")
    if not points:
        raise InvalidInput("points is empty", "Pass the figures of llm_benchmark.")
    for place, point in enumerate(points):
        value = point.get(METRIC) if isinstance(point, Mapping) else None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidInput(
                f"points[{place}] has no figures: {METRIC} is {value!r}",
                "Pass the figures of llm_benchmark.",
            )
    common = [{name: point.get(name) for name in (*_WORKLOAD, "client_version")} for point in points]
    if any(one != common[0] for one in common):
        raise InvalidInput("points are of different workloads", "Note each workload in a run of its own.")
    workload = {name: common[0][name] for name in _WORKLOAD}
    parts = {
        "gpu": subject.gpu,
        "image": subject.image,
        "model": subject.model,
        "arguments_hash": digest(list(subject.arguments)),
        "client_version": common[0]["client_version"],
        "workload": workload,
    }
    return {
        "format": FORMAT,
        "time": time,
        "key": digest(parts),
        **parts,
        "arguments": list(subject.arguments),
        "context": dict(subject.context),
        "points": [dict(point) for point in points],
    }


def comparable(entry: Mapping[str, Any], history: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Earlier runs of the same key, from the last one on that a person accepted."""
    same = [earlier for earlier in history if earlier.get("key") == entry["key"]]
    accepted = [place for place, earlier in enumerate(same) if earlier.get("accepted")]
    return same[accepted[-1] :] if accepted else same
