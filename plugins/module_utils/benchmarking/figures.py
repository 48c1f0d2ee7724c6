# SPDX-License-Identifier: Apache-2.0
"""From measured requests to figures, under the names that ``vllm bench serve`` gives them.

Definitions, after vllm/benchmarks/serve.py and lib/endpoint_request_func.py of vLLM 0.32:

ttft     sending to first token. vLLM stamps the first event with choices, which may be an empty one.
ttfot    sending to first visible content; later than ttft where a model thinks first. Not in vLLM's tool.
first_byte  sending to the head of the answer. Not in vLLM's tool.
e2el     sending to the last chunk that brought tokens.
tpot     (e2el - ttft) / (output tokens - 1), for answers of two tokens or more.
icl      gap between two chunks that brought tokens. Not in vLLM's tool, which calls it itl.
itl      gap between two tokens: icl where a chunk holds about one token, else unknown (null).

request_throughput, output_throughput, total_token_throughput  what succeeded, over ``duration``.
request_goodput  requests that met every limit of the slo, over ``duration``; null without an slo.
duration  start of the run to the end of its last answer.

In the open loop every time counts from the moment at which the request was due.
Percentiles are interpolated linearly, deviations are those of the population, as numpy does both.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .recording import Measured

PERCENTILES = (50, 90, 95, 99)
METRICS = ("ttft", "ttfot", "first_byte", "tpot", "itl", "icl", "e2el")
# Up to this many tokens in a chunk, a gap between chunks is called a gap between tokens.
_ABOUT_ONE = 1.05
_ERRORS_SHOWN = 10


def percentile(ordered: Sequence[float], percent: float) -> float:
    """A percentile of sorted values, interpolated linearly."""
    place = (len(ordered) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def spread_of(name: str, values: Sequence[float]) -> dict[str, float | None]:
    """Mean, deviation and percentiles of milliseconds; null where there are no values."""
    keys = [f"{word}_{name}_ms" for word in ("mean", "median", "std", *(f"p{p}" for p in PERCENTILES))]
    if not values:
        return dict.fromkeys(keys)
    ordered = sorted(values)
    mean = math.fsum(ordered) / len(ordered)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in ordered) / len(ordered))
    found = [mean, percentile(ordered, 50), deviation, *(percentile(ordered, p) for p in PERCENTILES)]
    return {key: round(value, 4) for key, value in zip(keys, found)}


def times_of(request: Measured) -> dict[str, float]:
    """The times of one answer in milliseconds, without those that it does not have."""
    start, tokens = request.start_ns, request.token_ns
    found = {
        "ttft": (tokens[0] - start) / 1e6,
        "e2el": (tokens[-1] - start) / 1e6,
        "first_byte": (request.head_ns - start) / 1e6,
    }
    if request.visible_ns:
        found["ttfot"] = (request.visible_ns - start) / 1e6
    if request.output_tokens > 1:
        found["tpot"] = (found["e2el"] - found["ttft"]) / (request.output_tokens - 1)
    return found


def gaps_of(request: Measured) -> list[float]:
    """Milliseconds between the chunks of one answer."""
    times = request.token_ns
    return [(after - before) / 1e6 for before, after in zip(times, times[1:])]


def is_good(times: Mapping[str, float], slo: Mapping[str, float]) -> bool:
    """Whether an answer met its limits; one token has no time per output token and cannot miss it."""
    return all(times.get(name, 0.0) <= limit for name, limit in slo.items())


def figures(measured: Sequence[Measured], start_ns: int, slo: Mapping[str, float]) -> dict[str, Any]:
    """Everything that the answers of one run say together."""
    good = [request for request in measured if not request.error]
    times = [times_of(request) for request in good]
    duration = max((request.end_ns for request in measured), default=start_ns) - start_ns
    seconds = max(duration / 1e9, 1e-9)
    tokens_in = sum(request.prompt_tokens for request in good)
    tokens_out = sum(request.output_tokens for request in good)
    chunks = sum(len(request.token_ns) for request in good)
    per_chunk = tokens_out / chunks if chunks else None
    gaps = [gap for request in good for gap in gaps_of(request)]
    values = {name: [row[name] for row in times if name in row] for name in METRICS}
    values["icl"] = gaps
    values["itl"] = gaps if per_chunk is not None and per_chunk <= _ABOUT_ONE else []
    found: dict[str, Any] = {
        "duration": round(duration / 1e9, 6),
        "completed": len(good),
        "failed": len(measured) - len(good),
        "total_input_tokens": tokens_in,
        "total_output_tokens": tokens_out,
        "request_throughput": round(len(good) / seconds, 6),
        "request_goodput": round(sum(is_good(row, slo) for row in times) / seconds, 6) if slo else None,
        "output_throughput": round(tokens_out / seconds, 4),
        "total_token_throughput": round((tokens_in + tokens_out) / seconds, 4),
        "tokens_per_chunk": None if per_chunk is None else round(per_chunk, 4),
        "tokens_estimated": any(request.tokens_estimated for request in good),
        "tiers": dict(Counter(request.tier for request in good)),
        "errors": _errors(measured),
    }
    for name in METRICS:
        found.update(spread_of(name, values[name]))
    return found


def _errors(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    counts = Counter(request.error for request in measured if request.error)
    return [{"message": message, "count": count} for message, count in counts.most_common(_ERRORS_SHOWN)]


def details(measured: Sequence[Measured], start_ns: int) -> dict[str, list[Any]]:
    """Request by request, in seconds, under the names of vLLM's detailed results."""
    good = {request.index: times_of(request) for request in measured if not request.error}

    def seconds(name: str) -> list[float | None]:
        found = (good.get(request.index, {}).get(name) for request in measured)
        return [None if value is None else round(value / 1e3, 6) for value in found]

    return {
        "input_lens": [request.prompt_tokens for request in measured],
        "output_lens": [request.output_tokens for request in measured],
        "ttfts": seconds("ttft"),
        "itls": [[round(gap / 1e3, 6) for gap in gaps_of(request)] for request in measured],
        "latencies": seconds("e2el"),
        "start_times": [round((request.start_ns - start_ns) / 1e9, 6) for request in measured],
        "errors": [request.error for request in measured],
    }
