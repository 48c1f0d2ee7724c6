# SPDX-License-Identifier: Apache-2.0
"""The rules of a model: the release that loads it, and the GPUs that its kernels run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..catalog.catalog import Catalog
from ..catalog.model_rows import Gpu
from ..inputs.hardware import Hardware
from ..inputs.wanted import Engine, WantedModel
from ..reading.findings import suggest
from .images import dotted
from .verdicts import REFUSE, UNKNOWN, WARN, Verdict


def judge_release(models: tuple[WantedModel, ...], engine: Engine) -> Iterator[Verdict]:
    """A model's architecture came with a certain release."""
    for model in models:
        oldest = model.settings.min_vllm
        if engine.release and oldest and engine.release < oldest:
            yield Verdict(
                REFUSE,
                model.path,
                f"{model.name} needs vLLM {oldest} or newer, but {engine.variable} is {engine.release}",
                f"Set {engine.variable} to {oldest} or newer, or choose another model.",
            )


def judge_kernels(models: tuple[WantedModel, ...], hardware: Hardware, catalog: Catalog) -> Iterator[Verdict]:
    """Quantisation kernels and number formats need a compute capability.

    A model that finds a GPU among several kinds is only warned about the others.
    """
    if not hardware.kinds:
        return
    kinds = hardware.kinds
    hosts = sorted(hardware.hosts, key=lambda host: host[0], reverse=True)
    first_host = {gpu.key: host for host, gpus in hosts for gpu, _ in gpus}
    for model in models:
        wanted = model.settings.quantization
        if wanted and wanted not in catalog.kernels:
            yield Verdict(
                UNKNOWN,
                f"{model.path}.quantization",
                f"the catalog does not know which GPUs run {wanted!r} of {model.name}",
                suggest(wanted, catalog.kernels),
            )
        for what, need in _needs(model, catalog).items():
            unfit = _too_old(kinds, need)
            if unfit:
                runs_nowhere = hardware.complete and len(unfit) == len(kinds)
                told = ", ".join(_told(gpu, first_host[gpu.key]) for gpu in unfit)
                yield Verdict(
                    REFUSE if runs_nowhere else WARN,
                    model.path,
                    f"{model.name} uses {what}, which needs compute capability {dotted(need)}, but {told}",
                    "Choose another model or another GPU.",
                )


def unfit_kernels(
    models: tuple[WantedModel, ...], hardware: Hardware, catalog: Catalog
) -> Iterator[tuple[str, str]]:
    """Models and kinds of GPU that are incompatible, because a kernel does not run there."""
    for model in models:
        for need in _needs(model, catalog).values():
            yield from ((model.name, gpu.key) for gpu in _too_old(hardware.kinds, need))


def _too_old(kinds: Iterable[Gpu], need: tuple[int, ...]) -> list[Gpu]:
    return [gpu for gpu in kinds if gpu.compute_capability and gpu.compute_capability < need]


def _needs(model: WantedModel, catalog: Catalog) -> Mapping[str, tuple[int, ...]]:
    found = {
        model.settings.quantization: catalog.kernels.get(model.settings.quantization),
        model.settings.dtype: catalog.dtypes.get(model.settings.dtype),
    }
    return {what: need for what, need in found.items() if need}


def _told(gpu: Gpu, host: str) -> str:
    return f"{gpu.name} ({host}) has {dotted(gpu.compute_capability or ())}"
