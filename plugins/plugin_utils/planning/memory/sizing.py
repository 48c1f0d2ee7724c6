# SPDX-License-Identifier: Apache-2.0
"""Compares what models need with the memory of the GPUs at hand, and counts the GPUs that a model needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..catalog.model_rows import GIB, CatalogModel, Gpu
from ..inputs.hardware import Hardware
from ..inputs.wanted import VARIABLES, WantedModel
from ..reading.findings import Findings
from . import formulas as memory

EAGER = "--enforce-eager"
FITTING = ("fits", "tight")
# Tensor-parallel sizes that are tried: what vLLM's kernels and hosts are built for.
_SIZES = (1, 2, 4, 8, 16)


def budget_on(settings: CatalogModel, gpu: Gpu, gpus: int) -> memory.Budget | None:
    """How a model spends each of so many GPUs; None where a figure is unknown: no guess takes its place."""
    if not (gpu.memory_bytes and settings.weights_bytes):
        return None
    if not (settings.layers and settings.kv_heads and settings.head_dim):
        return None
    return memory.budget(
        total=gpu.memory_bytes,
        utilization=settings.gpu_memory_utilization,
        weights=settings.weights_bytes,
        per_token=memory.kv_bytes_per_token(
            settings.layers,
            settings.kv_heads,
            settings.head_dim,
            memory.width_of(settings.dtype, settings.kv_cache_dtype),
            gpus,
        ),
        max_model_len=settings.max_model_len,
        eager=EAGER in settings.arguments,
        gpus=gpus,
    )


def splits(settings: CatalogModel, gpus: int) -> bool:
    """Whether tensor parallelism can share the model among so many GPUs: its attention heads must divide."""
    return not settings.attention_heads or settings.attention_heads % gpus == 0


def smallest_fitting(settings: CatalogModel, gpu: Gpu, most: int = _SIZES[-1]) -> int | None:
    """The fewest GPUs of a kind that hold the model, or None."""
    for size in _SIZES:
        if size <= most and splits(settings, size):
            found = budget_on(settings, gpu, size)
            if found and found.verdict in FITTING:
                return size
    return None


def settle_counts(
    models: tuple[WantedModel, ...], hardware: Hardware, findings: Findings
) -> tuple[WantedModel, ...]:
    """Give the models that say ``gpus: auto`` a number; check the numbers of the others."""
    settled = []
    for model in models:
        if not model.settings.gpus:
            model = _with_gpus(model, _automatic(model, hardware, findings))
        elif not splits(model.settings, model.settings.gpus):
            findings.problem(
                f"{model.path}.gpus",
                f"the {model.settings.attention_heads} attention heads of {model.name} cannot be shared by "
                f"{model.settings.gpus} GPUs",
                f"Choose one of {', '.join(map(str, _sizes_of(model.settings)))}, or auto.",
            )
        settled.append(model)
    return tuple(settled)


def _automatic(model: WantedModel, hardware: Hardware, findings: Findings) -> int:
    if not hardware.kinds:
        findings.warn(f"{model.path}: no GPU is known, so gpus: auto of {model.name} was taken for 1.")
        return 1
    fitting = [
        smallest_fitting(model.settings, gpu, hardware.most_per_host[gpu.key]) for gpu in hardware.kinds
    ]
    # If nothing fits, the check of memory says so, and how many GPUs would be enough.
    return min((size for size in fitting if size), default=1)


def _with_gpus(model: WantedModel, gpus: int) -> WantedModel:
    return dataclasses.replace(model, settings=dataclasses.replace(model.settings, gpus=gpus))


def _sizes_of(settings: CatalogModel) -> list[int]:
    return [size for size in _SIZES if splits(settings, size)]


def memory_rows(
    models: tuple[WantedModel, ...], hardware: Hardware, findings: Findings
) -> list[dict[str, Any]]:
    """One row per model and kind of GPU. A model that fits nowhere is a problem."""
    if models and not hardware.kinds:
        findings.warn(
            "No GPU of any host is known, so memory and number of GPUs were not compared. "
            "Set inference_host_gpus on the GPU hosts to plan without reaching them."
        )
    table: list[dict[str, Any]] = []
    for model in models:
        budgets = {gpu.key: budget_on(model.settings, gpu, model.settings.gpus) for gpu in hardware.kinds}
        rows = [_row(model, gpu, budgets[gpu.key]) for gpu in hardware.kinds] or [_row(model, None, None)]
        table += rows
        _judge(model, rows, budgets, hardware, findings)
    return table


def unfit(rows: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Models and kinds of GPU that are incompatible."""
    return {(row["model"], row["gpu"]) for row in rows if row["verdict"] == "too_small"}


def check_card_size(least: int, hardware: Hardware, findings: Findings) -> None:
    """At least one card of so many GB; 0 disables. The nominal size counts: drivers report less."""
    variable = VARIABLES["min_gpu_memory_gb"]
    large = hardware.of_at_least(least).kinds
    small = [gpu for gpu in hardware.kinds if gpu not in large]
    if not small:
        return
    told = ", ".join(f"{gpu.name} has {gpu.nominal_gib} GB" for gpu in small)
    if hardware.complete and not large:
        findings.problem(
            variable, f"is {least} GB, but {told}", "Lower it, or set it to 0 to compare models alone."
        )
    else:
        findings.warn(f"{variable} is {least} GB, but {told}.")


def _row(model: WantedModel, gpu: Gpu | None, found: memory.Budget | None) -> dict[str, Any]:
    """Sizes are bytes on each of the model's GPUs; null is unknown."""
    return {
        "model": model.name,
        "gpu": gpu.key if gpu else None,
        "gpus": model.settings.gpus,
        "total_bytes": gpu.memory_bytes if gpu else None,
        "requested_bytes": found.requested if found else None,
        "weights_bytes": found.weights if found else model.settings.weights_bytes,
        "context_bytes": found.overhead.context if found else None,
        "activations_bytes": found.overhead.activations if found else None,
        "graphs_bytes": found.overhead.graphs if found else None,
        "kv_bytes": found.kv if found else None,
        "free_bytes": found.free if found else None,
        "kv_bytes_per_token": found.per_token if found else None,
        "kv_tokens": found.kv_tokens if found else None,
        "max_model_len": model.settings.max_model_len,
        "concurrency": found.concurrency if found else None,
        "longest_context": found.longest_context if found else None,
        "verdict": found.verdict if found else "unknown",
    }


def _judge(
    model: WantedModel,
    rows: list[dict[str, Any]],
    budgets: Mapping[str, memory.Budget | None],
    hardware: Hardware,
    findings: Findings,
) -> None:
    small = [row["gpu"] for row in rows if row["verdict"] == "too_small"]
    if hardware.kinds and any(row["verdict"] == "unknown" for row in rows):
        findings.warn(f"{model.path}: sizes of {model.name} or its GPU are unknown; memory was not compared.")
    if hardware.complete and small and len(small) == len(rows):
        best = max((found for found in budgets.values() if found), key=lambda found: found.kv)
        findings.problem(
            model.path,
            f"{model.name} does not fit {' or '.join(small)}: of {_gib(best.requested)} requested, "
            f"weights take {_gib(best.weights)}; the rest holds {best.kv_tokens} tokens, "
            f"but max_model_len is {model.settings.max_model_len}",
            " ".join(_ways_out(model, best, hardware)),
        )
    elif small:
        findings.warn(f"{model.path}: {model.name} does not fit {', '.join(small)}.")
    for row in rows:
        if row["verdict"] == "tight":
            findings.warn(
                f"{model.path}: {model.name} fits {row['gpu']} tightly; measure after loading, "
                "or lower max_model_len."
            )


def _ways_out(model: WantedModel, best: memory.Budget, hardware: Hardware) -> Iterator[str]:
    """What to change so that the model fits."""
    if best.longest_context:
        yield f"Set max_model_len to at most {best.longest_context} there, or choose a smaller model."
    else:
        yield "Choose a smaller or quantised model, or a bigger GPU."
    sizes = {gpu.key: smallest_fitting(model.settings, gpu) for gpu in hardware.kinds}
    more = [f"gpus: {size} ({key})" for key, size in sizes.items() if size and size > model.settings.gpus]
    if more:
        yield f"Or spread it over cards of one host: {' or '.join(more)}."


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
