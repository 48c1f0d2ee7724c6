# SPDX-License-Identifier: Apache-2.0
"""Contradictions between parts of an inventory, which single values do not show."""

from __future__ import annotations

from ..reading.findings import Findings
from .tiers import GPU, Tier
from .wanted import FREE_MODES, WantedModel


def check_shape(
    models: tuple[WantedModel, ...],
    tiers: tuple[Tier, ...],
    default_mode: str,
    findings: Findings,
) -> None:
    has_gpu = any(tier.name == GPU for tier in tiers)
    if models and not has_gpu:
        findings.problem(
            "inference_tiers",
            f"has no gpu tier that is on, but inference_models lists {len(models)} to run there",
            "Add gpu: {backend: vllm}, or empty inference_models.",
        )
    if not tiers:
        findings.problem("inference_tiers", "has no tier that is on", "Add one of gpu, cpu and cloud.")
    elif not models and has_gpu and len(tiers) == 1:
        findings.problem(
            "inference_models", "is empty, so no model would answer", "Name a model of the catalog."
        )
    elif not models and has_gpu:
        findings.warn("inference_models is empty: the gpu tier stays without a model.")
    modes = sorted({model.mode for model in models})
    if modes and default_mode not in (*modes, *FREE_MODES):
        findings.problem(
            "inference_default_mode",
            f"is {default_mode!r}, but no model has that mode",
            f"Modes of the models: {', '.join(modes)}.",
        )
