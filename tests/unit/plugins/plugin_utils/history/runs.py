"""Runs of a benchmark as tests need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.history.entries import Subject, make_entry
from ansible_collections.inference.stack.plugins.plugin_utils.history.noise import judge

SUBJECT = Subject("rtx-3060-12gb", "vllm/vllm-openai:v0.8.5.post1", "Qwen/Qwen3-8B-AWQ", ["--enforce-eager"])
TIME = "2026-01-31T12:00:00Z"


def point(throughput: float, concurrency: int = 1, **more: Any) -> dict[str, Any]:
    """The figures that matter here."""
    figures = {
        "client_version": "1",
        "max_concurrency": concurrency,
        "request_rate": "inf",
        "dataset": "random",
        "input_tokens": 128,
        "output_tokens": 128,
        "prefix_tokens": 0,
        "spread": 0.0,
        "ignore_eos": True,
        "client_limited": False,
        "output_throughput": throughput,
        "request_throughput": throughput / 128,
        "median_ttft_ms": 85.4,
        "p99_ttft_ms": 102.0,
        "median_tpot_ms": None,
        "failed": 0,
    }
    return {**figures, **more}


def run(*points: dict[str, Any], subject: Subject = SUBJECT) -> dict[str, Any]:
    return make_entry(subject, points, TIME)


def history(throughputs: Iterable[float], **more: Any) -> list[Mapping[str, Any]]:
    """Runs noted one after the other, each judged by those before it."""
    noted: list[Mapping[str, Any]] = []
    for throughput in throughputs:
        entry = run(point(throughput, **more))
        entry["judgements"] = [judgement.as_plain() for judgement in judge(entry, noted)]
        noted.append(entry)
    return noted
