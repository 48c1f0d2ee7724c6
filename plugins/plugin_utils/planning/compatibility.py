# SPDX-License-Identifier: Apache-2.0
"""Whether release, model and GPU go together. Each rule looks at one pair and answers with verdicts.

A rule that lacks a fact says ``unknown``; it never guesses. New rules join RULES.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .catalog import Catalog
from .findings import Findings
from .hardware import Hardware
from .inputs import Engine, WantedModel
from .rows import Gpu
from .versions import numbers

REFUSE, WARN, UNKNOWN = "refuse", "warn", "unknown"


@dataclass(frozen=True)
class Site:
    """All that a rule may look at."""

    engine: Engine
    models: tuple[WantedModel, ...]
    hardware: Hardware
    catalog: Catalog


@dataclass(frozen=True)
class Verdict:
    """What a rule has to say about one thing of the inventory."""

    level: str
    path: str
    message: str
    fix: str = ""


Rule = Callable[[Site], Iterator[Verdict]]


def release_is_known(site: Site) -> Iterator[Verdict]:
    """Without a row for the release nothing about its image can be compared."""
    release = site.engine.release
    if release and site.catalog.release(release) is None:
        yield Verdict(
            UNKNOWN,
            "inference_vllm_version",
            f"vLLM {release} is not in the catalog: its needs of CUDA, driver and GPU are unknown",
        )


def model_is_known_to_release(site: Site) -> Iterator[Verdict]:
    """A model's architecture came with a certain release."""
    release = site.engine.release
    for model in site.models:
        oldest = model.settings.min_vllm
        if release and oldest and release < oldest:
            yield Verdict(
                REFUSE,
                model.path,
                f"{model.name} needs vLLM {oldest} or newer, but inference_vllm_version is {release}",
                f"Set inference_vllm_version to {oldest} or newer, or choose another model.",
            )


def gpu_runs_release(site: Site) -> Iterator[Verdict]:
    """An image is built for GPUs from some compute capability on."""
    release = site.engine.release
    known = site.catalog.release(release) if release else None
    if known is None or known.min_compute_capability is None:
        return
    for host, gpu in _gpus(site):
        if gpu.compute_capability is None:
            yield Verdict(UNKNOWN, host, f"the compute capability of {gpu.name} is unknown")
        elif gpu.compute_capability < known.min_compute_capability:
            yield Verdict(
                REFUSE,
                host,
                f"{gpu.name} has compute capability {_dotted(gpu.compute_capability)}, "
                f"but vLLM {release} needs {_dotted(known.min_compute_capability)}",
                "Choose an older inference_vllm_version.",
            )


def gpu_runs_kernel(site: Site) -> Iterator[Verdict]:
    """Quantisation kernels and number formats need a compute capability, too."""
    for model in site.models:
        needs = (
            (model.settings.quantization, site.catalog.kernels),
            (model.settings.dtype, site.catalog.dtypes),
        )
        for what, known in needs:
            row = known.get(what)
            if row is None or not row.get("min_compute_capability"):
                continue
            need = numbers(str(row["min_compute_capability"]))
            for host, gpu in _gpus(site):
                if gpu.compute_capability and gpu.compute_capability < need:
                    yield Verdict(
                        REFUSE,
                        model.path,
                        f"{model.name} uses {what}, which needs compute capability {_dotted(need)}, "
                        f"but {gpu.name} ({host}) has {_dotted(gpu.compute_capability)}",
                        "Choose another model or another GPU.",
                    )


RULES: tuple[Rule, ...] = (release_is_known, model_is_known_to_release, gpu_runs_release, gpu_runs_kernel)


def check(site: Site, findings: Findings) -> None:
    """Run every rule; refusals end the planning, the rest travels in the plan."""
    for rule in RULES:
        for verdict in rule(site):
            if verdict.level == REFUSE:
                findings.problem(verdict.path, verdict.message, verdict.fix)
            else:
                findings.warn(f"{verdict.path}: {verdict.message}.")


def _gpus(site: Site) -> Iterator[tuple[str, Gpu]]:
    for host, gpus in site.hardware.hosts:
        for gpu, _ in gpus:
            yield host, gpu


def _dotted(capability: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in capability)
