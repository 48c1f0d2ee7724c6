# SPDX-License-Identifier: Apache-2.0
"""Compares what models need with the GPUs at hand: memory per kind of GPU, and their number per mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import memory
from .findings import Findings
from .hardware import Hardware
from .inputs import WantedModel
from .rows import GIB, CatalogModel, Gpu

EAGER = "--enforce-eager"


def _unknown_row(model: WantedModel, gpu: Gpu | None) -> dict[str, Any]:
    return {
        "model": model.name,
        "gpu": gpu.key if gpu else None,
        "total_bytes": gpu.memory_bytes if gpu else None,
        "requested_bytes": None,
        "weights_bytes": model.settings.weights_bytes,
        "kv_bytes": None,
        "kv_tokens": None,
        "concurrency": None,
        "verdict": "unknown",
    }


def _budget(settings: CatalogModel, gpu: Gpu) -> memory.Budget | None:
    """None where a figure is unknown: no guess takes its place."""
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
            settings.gpus,
        ),
        max_model_len=settings.max_model_len,
        eager=EAGER in settings.arguments,
        gpus=settings.gpus,
    )


def memory_rows(
    models: tuple[WantedModel, ...], hardware: Hardware, findings: Findings
) -> list[dict[str, Any]]:
    """One row per model and kind of GPU. A model that fits nowhere is a problem."""
    table: list[dict[str, Any]] = []
    if models and not hardware.kinds:
        findings.warn(
            "No GPU of any host is known, so memory and number of GPUs were not compared. "
            "Set inference_host_gpus on the GPU hosts to plan without reaching them."
        )
    for model in models:
        budgets: dict[str, memory.Budget] = {}
        rows = []
        for gpu in hardware.kinds or (None,):
            found = _budget(model.settings, gpu) if gpu else None
            if gpu is None or found is None:
                rows.append(_unknown_row(model, gpu))
                continue
            budgets[gpu.key] = found
            rows.append(
                {
                    "model": model.name,
                    "gpu": gpu.key,
                    "total_bytes": found.total,
                    "requested_bytes": found.requested,
                    "weights_bytes": found.weights,
                    "kv_bytes": found.kv,
                    "kv_tokens": found.kv_tokens,
                    "concurrency": found.concurrency,
                    "verdict": found.verdict,
                }
            )
        table += rows
        _judge(model, rows, budgets, hardware, findings)
    return table


def _judge(
    model: WantedModel,
    rows: list[dict[str, Any]],
    budgets: Mapping[str, memory.Budget],
    hardware: Hardware,
    findings: Findings,
) -> None:
    small = [row["gpu"] for row in rows if row["verdict"] == "too_small"]
    if hardware.kinds and any(row["verdict"] == "unknown" for row in rows):
        findings.warn(f"{model.path}: sizes of {model.name} or its GPU are unknown; memory was not compared.")
    if hardware.complete and small and len(small) == len(rows):
        best = max(budgets.values(), key=lambda found: found.kv)
        findings.problem(
            model.path,
            f"{model.name} does not fit {' or '.join(small)}: of {_gib(best.requested)} requested, "
            f"weights take {_gib(best.weights)}, which leaves {best.kv_tokens} tokens "
            f"for a context of {model.settings.max_model_len}",
            f"Set max_model_len to at most {best.longest_context} there, or choose a smaller model."
            if best.longest_context
            else "Choose a smaller or quantised model, more GPUs (gpus), or a bigger GPU.",
        )
    elif small:
        findings.warn(f"{model.path}: {model.name} does not fit {', '.join(small)}.")
    for row in rows:
        if row["verdict"] == "tight":
            findings.warn(
                f"{model.path}: {model.name} fits {row['gpu']} tightly; measure after loading, "
                "or lower max_model_len."
            )


def check_counts(models: tuple[WantedModel, ...], hardware: Hardware, findings: Findings) -> None:
    """The models of one mode run side by side, so their GPUs add up; one model's GPUs share a host."""
    if not hardware.complete:
        return
    needed: dict[str, int] = {}
    for model in models:
        needed[model.mode] = needed.get(model.mode, 0) + model.settings.gpus
        most = max((hardware.most_per_host(gpu) for gpu in hardware.kinds), default=0)
        if model.settings.gpus > most:
            findings.problem(
                f"{model.path}.gpus",
                f"{model.name} wants {model.settings.gpus} of one kind on one host, "
                f"but no host has more than {most}",
                "Lower gpus, or choose a smaller model.",
            )
    for mode, count in needed.items():
        if count > hardware.total:
            names = ", ".join(model.name for model in models if model.mode == mode)
            findings.problem(
                "inference_models",
                f"mode {mode!r} ({names}) wants {count} GPUs, but the hosts have {hardware.total}",
                "Give some of these models another mode.",
            )


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
