# SPDX-License-Identifier: Apache-2.0
"""vLLM's own metrics under one name each, for every release."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Old and new names of each figure; counters end with _total since the Prometheus client adds it.
NAMES: Mapping[str, tuple[str, ...]] = {
    "requests_running": ("vllm:num_requests_running",),
    "requests_waiting": ("vllm:num_requests_waiting",),
    "cache_usage": ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"),
    "prompt_tokens": ("vllm:prompt_tokens_total", "vllm:prompt_tokens"),
    "generated_tokens": ("vllm:generation_tokens_total", "vllm:generation_tokens"),
    "first_token_seconds_sum": ("vllm:time_to_first_token_seconds_sum",),
    "first_token_seconds_count": ("vllm:time_to_first_token_seconds_count",),
}
_SAMPLE = re.compile(r"^(?P<name>[A-Za-z_:][\w:]*)(?:\{[^}]*\})?\s+(?P<value>\S+)")


def read(text: str) -> dict[str, float]:
    """The known figures in a page of metrics, added up over models and engines."""
    totals: dict[str, float] = {}
    for line in text.splitlines():
        found = _SAMPLE.match(line)
        if found is None:
            continue
        try:
            value = float(found["value"])
        except ValueError:
            continue
        if value == value:  # a gauge that was never set is not a number
            totals[found["name"]] = totals.get(found["name"], 0.0) + value
    return {
        figure: next(totals[name] for name in names if name in totals)
        for figure, names in NAMES.items()
        if any(name in totals for name in names)
    }


def missing(figures: Mapping[str, float]) -> list[str]:
    """Names of figures that a page lacks, in vLLM's newest words."""
    return [names[0] for figure, names in NAMES.items() if figure not in figures]
