# SPDX-License-Identifier: Apache-2.0
"""Where the models of each mode find their GPUs. Those of one mode run side by side, modes share in time.

Kubernetes' scheduler decides in the end; the plan shows that a placement exists, and refuses if none does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from .catalog.model_rows import Gpu
from .inputs.hardware import Hardware
from .inputs.wanted import WantedModel
from .reading.findings import Findings

# Hosts that still have so many GPUs of a kind free, by kind and number.
_Free = dict[str, dict[int, list[str]]]
# For so few models every arrangement can be tried if the first one fails.
_TRY_ALL_BELOW = 8


@dataclass(frozen=True)
class _Need:
    """One replica of a model: GPUs of one kind on one host."""

    model: WantedModel
    replica: int
    kinds: tuple[str, ...]

    @property
    def gpus(self) -> int:
        return self.model.settings.gpus


@dataclass(frozen=True)
class _Place:
    host: str
    gpu: str


def place(
    models: tuple[WantedModel, ...],
    hardware: Hardware,
    unfit: Set[tuple[str, str]],
    findings: Findings,
) -> list[dict[str, Any]]:
    """One row per replica: ``host`` and ``gpu`` are null where the hosts' GPUs are not known.

    ``unfit`` names models and kinds of GPU that do not go together.
    """
    order = {gpu.key: position for position, gpu in enumerate(sorted(hardware.kinds, key=_size))}
    by_mode: dict[str, list[_Need]] = defaultdict(list)
    for model in models:
        kinds = tuple(key for key in order if (model.name, key) not in unfit)
        by_mode[model.mode] += [_Need(model, replica, kinds) for replica in range(model.replicas)]
    table = []
    for mode, needs in by_mode.items():
        places = _arrange(needs, hardware) if hardware.complete else {}
        if hardware.complete and len(places) < len(needs) and _each_fits_alone(needs, hardware, findings):
            _tell(mode, needs, hardware, findings)
        table += [_row(mode, need, places.get((need.model.name, need.replica))) for need in needs]
    return table


def _row(mode: str, need: _Need, found: _Place | None) -> dict[str, Any]:
    return {
        "model": need.model.name,
        "mode": mode,
        "replica": need.replica,
        "host": found.host if found else None,
        "gpu": found.gpu if found else None,
        "gpus": need.gpus,
    }


def _size(gpu: Gpu) -> tuple[int, str]:
    return gpu.memory_bytes or 0, gpu.key


def _arrange(needs: list[_Need], hardware: Hardware) -> dict[tuple[str, int], _Place]:
    """A place for each need; fewer when no arrangement was found."""
    # The most demanding first: many GPUs, then few suitable kinds.
    ordered = sorted(needs, key=lambda need: (-need.gpus, len(need.kinds)))
    free = _all_free(hardware)
    places: dict[tuple[str, int], _Place] = {}
    for need in ordered:
        for kind, left in _options(need, free):
            places[need.model.name, need.replica] = _take(free, kind, left, need.gpus)
            break
    if len(places) < len(ordered) < _TRY_ALL_BELOW:
        return _search(ordered, _all_free(hardware)) or places
    return places


def _all_free(hardware: Hardware) -> _Free:
    free: _Free = defaultdict(lambda: defaultdict(list))
    for host, gpus in reversed(hardware.hosts):
        for gpu, count in gpus:
            free[gpu.key][count].append(host)
    return free


def _options(need: _Need, free: Mapping[str, Mapping[int, list[str]]]) -> Iterator[tuple[str, int]]:
    """Kinds and remainders that hold the need, smallest card and tightest host first."""
    for kind in need.kinds:
        for left in sorted(free.get(kind, {})):
            if left >= need.gpus and free[kind][left]:
                yield kind, left


def _take(free: _Free, kind: str, left: int, gpus: int) -> _Place:
    host = free[kind][left].pop()
    free[kind][left - gpus].append(host)
    return _Place(host, kind)


def _search(needs: list[_Need], free: _Free) -> dict[tuple[str, int], _Place] | None:
    """Try every arrangement; hosts with the same remainder are equal."""
    if not needs:
        return {}
    need, *rest = needs
    for kind, left in list(_options(need, free)):
        place_ = _take(free, kind, left, need.gpus)
        found = _search(rest, free)
        if found is not None:
            return {(need.model.name, need.replica): place_, **found}
        free[kind][left - need.gpus].pop()
        free[kind][left].append(place_.host)
    return None


def _each_fits_alone(needs: list[_Need], hardware: Hardware, findings: Findings) -> bool:
    """Report models that find no host even when nothing else runs."""
    alone = True
    for need in needs:
        if not need.kinds:
            alone = False  # the checks of memory and kernels have reported it
            continue
        most = max(hardware.most_per_host[kind] for kind in need.kinds)
        if need.gpus > most:
            alone = False
            findings.problem(
                f"{need.model.path}.gpus",
                f"{need.model.name} wants {need.gpus} GPUs of one kind on one host, "
                f"but no host has more than {most}",
                "Lower gpus, or choose a smaller model.",
            )
    return alone


def _tell(mode: str, needs: list[_Need], hardware: Hardware, findings: Findings) -> None:
    names = ", ".join(dict.fromkeys(need.model.name for need in needs))
    count = sum(need.gpus for need in needs)
    if count > hardware.total:
        told = f"mode {mode!r} ({names}) wants {count} GPUs, but the hosts have {hardware.total}"
    else:
        told = f"the models of mode {mode!r} ({names}) do not fit on the GPUs at the same time"
    fixes = []
    if len(needs) > len({need.model.name for need in needs}):
        fixes.append("Lower replicas.")
    if len({need.model.name for need in needs}) > 1:
        fixes.append("Give some of these models another mode.")
    findings.problem("inference_models", told, " ".join([*fixes, "Or add GPUs."]))
