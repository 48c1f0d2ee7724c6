# SPDX-License-Identifier: Apache-2.0
"""A whole benchmark: a trial, the run, the figures, and whether the client kept up."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..errors import ProbeFailed
from ..probing.answering_tier import UNKNOWN
from . import VERSION
from .client_load import verdict
from .figures import details, figures
from .processes import Crew, processes_for
from .settings import Settings, check
from .slots import Job
from .trial import Trial, try_out


def benchmark(settings: Settings, with_details: bool = False) -> dict[str, Any]:
    """Measure; returns ``figures`` and ``details``.

    Raises InvalidInput, or ProbeFailed when there is nothing to measure.
    """
    check(settings)
    name = os.urandom(4).hex()
    with Crew(_shares(settings, 0.0)) as crew:
        trial = try_out(settings, name)
        run = crew.run(share_out(settings, name, trial))
    found = figures(run.measured, run.start_ns, settings.slo)
    if not found["completed"]:
        first = found["errors"][0]["message"] if found["errors"] else "no request was due"
        raise ProbeFailed(f"no request succeeded: {first}")
    _check_tier(settings, found["tiers"])
    limits = verdict(run.loads, settings.load.concurrency)
    return {
        "figures": {**_setting(settings), **found, **limits},
        "details": details(run.measured, run.start_ns) if with_details else {},
    }


def share_out(settings: Settings, name: str, trial: Trial) -> list[Job]:
    """One job for each process. Slots are dealt out as evenly as they can be."""
    concurrency = min(settings.load.concurrency, settings.load.requests)
    shares = _shares(settings, trial.chunks_per_second)
    return [
        Job(
            settings=settings,
            run=name,
            stream_options=trial.stream_options,
            scale=trial.scale,
            share=share,
            shares=shares,
            concurrency=concurrency // shares + (share < concurrency % shares),
        )
        for share in range(shares)
    ]


def _shares(settings: Settings, chunks_per_second: float) -> int:
    return min(processes_for(settings.load, chunks_per_second), settings.load.requests)


def _check_tier(settings: Settings, tiers: Mapping[str, int]) -> None:
    """Refuse answers of another tier. An answer without a known tier is accepted."""
    expected = settings.expected_tier
    others = {tier: count for tier, count in tiers.items() if tier not in (expected, UNKNOWN)}
    if expected and others:
        told = ", ".join(f"{count} by tier {tier!r}" for tier, count in sorted(others.items()))
        raise ProbeFailed(
            f"of {sum(tiers.values())} answers, {told} instead of tier {expected!r}",
            "These are not its figures: see why it did not answer.",
        )


def _setting(settings: Settings) -> dict[str, Any]:
    """The settings by which runs are compared."""
    load, workload = settings.load, settings.workload
    return {
        "client_version": VERSION,
        "model_id": settings.target.model,
        "max_concurrency": load.concurrency,
        "request_rate": load.request_rate or "inf",
        "num_prompts": load.requests,
        "dataset": workload.dataset,
        "input_tokens": workload.input_tokens,
        "output_tokens": workload.output_tokens,
        "prefix_tokens": workload.prefix_tokens,
        "spread": workload.spread,
        "ignore_eos": workload.ignore_eos,
        "unique_prompts": workload.unique_prompts,
    }
