# SPDX-License-Identifier: Apache-2.0
"""What a new site should serve: each model of the catalog is planned on what was found. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...module_utils.errors import InvalidInput
from ..planning.catalog import catalog as catalogs
from ..planning.catalog.catalog import Catalog
from ..planning.catalog.image_rows import FAILED
from ..planning.catalog.model_rows import Gpu
from ..planning.compatibility.builds import Build, known_builds
from ..planning.compatibility.images import judge_image
from ..planning.compatibility.verdicts import RUNS, Judgement, worst
from ..planning.plan import compute
from ..planning.reading.findings import Findings
from ..planning.reading.resources import parse_quantity
from ..planning.reading.versions import Driver
from ..text.units import size
from .machines import Machine
from .ranking import Candidate, best, best_for_cpu

RawCatalog = Mapping[str, Mapping[str, Any]]
# What the system of a GPU host keeps for itself, of which Kubernetes does not know in advance.
_SYSTEM_SHARE = 0.1
# From so much memory of the server on it holds two gateways beside the CPU tier, which gets half of it.
_MEMORY_OF_TWO_GATEWAYS = 7.5 * 1024**3


@dataclass(frozen=True)
class Proposal:
    """``model`` and ``ollama`` are empty where nothing is proposed; the reason says why.

    ``gpus`` is 0 where the catalog's own number of GPUs is right. ``cards`` are those of each GPU host in
    words, ``notes`` what is worth knowing in any case.
    """

    model: str = ""
    gpus: int = 0
    verdict: str = ""
    release: str = ""
    reason: str = ""
    ollama: str = ""
    ollama_reason: str = ""
    ollama_licence: str = ""
    gateways: int = 1
    cards: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Host:
    """A machine whose cards are all known."""

    machine: Machine
    gpus: tuple[Gpu, ...]

    @property
    def driver(self) -> Driver | None:
        return Driver.parse(self.machine.seen.driver)

    def as_argument(self) -> dict[str, Any]:
        seen = self.machine.seen
        return {
            "name": self.machine.name,
            "pci_ids": list(seen.pci_ids or ()),
            "driver_found": seen.driver,
        }


def propose(machines: Sequence[Machine], raw: RawCatalog, reserve_bytes: int = 0) -> Proposal:
    """The models of both tiers. ``reserve_bytes`` of the disk stay free."""
    findings = Findings()
    catalog = catalogs.build(raw, None, findings)
    findings.stop_on_problems()
    with_gpu = [machine for machine in machines if machine.has_gpu]
    hosts = [found for found in (_host(machine, catalog) for machine in with_gpu) if found]
    cards = {machine.name: _cards(machine, catalog) for machine in with_gpu}
    proposal = _for_gpu(hosts, catalog, raw, reserve_bytes) if hosts else Proposal()
    if not hosts:
        reasons = [f"{machine.name}: {_unknown(machine, catalog)}" for machine in with_gpu]
        proposal = replace(proposal, reason="; ".join(reasons))
    notes = [*_notes(with_gpu, hosts), *proposal.notes]
    ollama, reason, licence = _for_cpu(machines, raw["models"])
    return replace(
        proposal,
        ollama=ollama,
        ollama_reason=reason,
        ollama_licence=licence,
        gateways=_gateways(machines),
        cards=cards,
        notes=tuple(dict.fromkeys(notes)),
    )


def _host(machine: Machine, catalog: Catalog) -> _Host | None:
    found = [catalog.gpu_of_pci_id(one) for one in machine.seen.pci_ids or ()]
    gpus = tuple(gpu for gpu in found if gpu)
    return _Host(machine, gpus) if gpus and len(gpus) == len(found) else None


def _cards(machine: Machine, catalog: Catalog) -> str:
    if machine.seen.pci_ids is None:
        return ""
    named = [_card_name(one, catalog) for one in machine.seen.pci_ids]
    counted = {name: named.count(name) for name in named}
    return ", ".join(name if count == 1 else f"{count} x {name}" for name, count in counted.items()) or "none"


def _card_name(pci_id: str, catalog: Catalog) -> str:
    gpu = catalog.gpu_of_pci_id(pci_id)
    return gpu.name if gpu else f"{pci_id} (unknown)"


def _unknown(machine: Machine, catalog: Catalog) -> str:
    """Why nothing can be planned there."""
    ids = machine.seen.pci_ids
    if ids is None:
        return "it could not be looked at, so its card is unknown"
    if ids:
        missing = ", ".join(one for one in ids if not catalog.gpu_of_pci_id(one))
        return f"the catalog does not know its card {missing}"
    return "no NVIDIA card is on its PCI bus"


def _notes(with_gpu: Iterable[Machine], hosts: Iterable[_Host]) -> Iterator[str]:
    """What a person has to put right before the cards can be used."""
    known = {host.machine.name for host in hosts}
    for machine in with_gpu:
        ids = machine.seen.pci_ids
        if ids and machine.name not in known:
            yield (
                f"{machine.name}: name its card in inference_host_gpus, or add its PCI id below "
                "inference_catalog.gpus; then choose a model."
            )
        elif ids is not None and not ids and machine.seen.driver:
            yield f"{machine.name}: name its card in inference_host_gpus; then choose a model."
        elif ids is not None and not ids:
            yield f"{machine.name}: connect the card. An eGPU has to be authorised (boltctl list)."
        if ids and not Driver.parse(machine.seen.driver):
            yield f"{machine.name}: no NVIDIA driver is loaded. Install one before you run the site."


# --- The GPU tier ---------------------------------------------------------------------------------------


def _for_gpu(hosts: Sequence[_Host], catalog: Catalog, raw: RawCatalog, reserve_bytes: int) -> Proposal:
    """Releases without a reservation come first; one with it only where they hold no model."""
    builds = [
        build for build in known_builds(catalog) if not build.suffix and not _failed(build, hosts, catalog)
    ]
    refusals: dict[str, str] = {}
    for level in RUNS:
        build = next((one for one in builds if _judge(one, hosts).level == level), None)
        if build is None:
            continue
        tried = [_plan(name, str(build.release), hosts, raw, reserve_bytes) for name in _open_models(raw)]
        refusals = {name: refusal for name, _, refusal in tried if refusal}
        found = best(candidate for _, candidate, _ in tried if candidate)
        if found:
            return Proposal(
                model=found.name,
                gpus=found.gpus if found.writes_gpus else 0,
                verdict=found.verdict,
                release=str(build.release),
                notes=tuple(_about(build, hosts)),
            )
    if not refusals:
        return Proposal(reason="no release of vLLM in the catalog runs with these cards and drivers")
    return Proposal(
        reason="no model of the catalog works there",
        notes=tuple(
            refusal if refusal.startswith(name) else f"{name}: {refusal}"
            for name, refusal in refusals.items()
        ),
    )


def _open_models(raw: RawCatalog) -> list[str]:
    """Those that can be loaded without accepting a licence first."""
    return [name for name, row in raw["models"].items() if not row.get("gated")]


def _judge(build: Build, hosts: Iterable[_Host]) -> Judgement:
    return worst(judge_image(build, gpu, host.driver) for host in hosts for gpu in host.gpus)


def _failed(build: Build, hosts: Iterable[_Host], catalog: Catalog) -> bool:
    """Whether somebody saw the release fail on such a card with a driver of that branch."""
    seen = {(gpu.key, host.driver.branch if host.driver else None) for host in hosts for gpu in host.gpus}
    return any(
        row.outcome == FAILED and row.release == build.release and (row.gpu, branch) in seen
        for row in catalog.observations
        for branch in (row.driver.branch, None)
    )


def _about(build: Build, hosts: Iterable[_Host]) -> Iterator[str]:
    for host in hosts:
        if host.driver is None and build.native:
            yield f"vLLM {build.release} wants driver {build.native.text} or newer on {host.machine.name}."
        elif (judgement := _judge(build, [host])).level != RUNS[0]:
            yield f"vLLM {build.release} on {host.machine.name}: {judgement.reason}."


def _plan(
    name: str, release: str, hosts: Sequence[_Host], raw: RawCatalog, reserve_bytes: int
) -> tuple[str, Candidate | None, str]:
    """A model by its name, as a candidate or with the reason why it is none."""
    row = raw["models"][name]
    # Cards of one host may share a model.
    automatic = {"gpus": "auto"} if any(len(host.gpus) > 1 for host in hosts) else {}
    site = {
        "models": [{"name": name, **automatic}],
        "vllm_version": release,
        "hosts": [host.as_argument() for host in hosts],
    }
    try:
        plan = compute(site, raw)
    except InvalidInput as error:
        # Without the place in an inventory that nobody has written yet.
        return name, None, re.sub(r"inference_\w+(\[0\])?: ", "", " ".join(error.message.split()))
    (place,) = plan["placement"]
    (memory,) = (found for found in plan["memory"] if found["gpu"] == place["gpu"])
    host = next(one.machine for one in hosts if one.machine.name == place["host"])
    obstacle = next(_obstacles(plan, host, reserve_bytes), "")
    if memory["verdict"] not in ("fits", "tight"):
        obstacle = "the catalog does not know its size"
    if obstacle:
        return name, None, obstacle
    (model,) = plan["vllm_models"]
    return (
        name,
        Candidate(
            name=name,
            verdict=memory["verdict"],
            parameters=row.get("parameters") or 0,
            capabilities=tuple(row.get("capabilities") or ()),
            weights_bytes=row.get("weights_bytes") or 0,
            gpus=model["gpus"],
            writes_gpus=model["gpus"] != row.get("gpus", 1),
        ),
        "",
    )


def _obstacles(plan: Mapping[str, Any], host: Machine, reserve_bytes: int) -> Iterator[str]:
    """What the plan does not compare: disk, memory and cores of the host."""
    seen, needed = host.seen, plan["cache"]["bytes"]
    if seen.free_bytes is not None and needed and needed + reserve_bytes > seen.free_bytes:
        free = size(reserve_bytes)
        yield f"its {size(needed)} and {free} that stay free are more than the disk of {host.name} has"
    (model,) = plan["vllm_models"]
    requests = model["resources"].get("requests") or {}
    memory, cores = parse_quantity(requests.get("memory", "0")), parse_quantity(requests.get("cpu", "0"))
    if seen.memory_bytes and (memory or 0) > seen.memory_bytes * (1 - _SYSTEM_SHARE):
        yield f"it requests {requests['memory']} of memory, more than {host.name} can give"
    if seen.cores and (cores or 0) > seen.cores * (1 - _SYSTEM_SHARE):
        yield f"it requests {requests['cpu']} cores, more than {host.name} can give"


# --- The CPU tier ---------------------------------------------------------------------------------------


def _for_cpu(machines: Iterable[Machine], rows: Mapping[str, Any]) -> tuple[str, str, str]:
    """The model, or why there is none; and the licence, if somebody has to accept it."""
    server = next(machine for machine in machines if machine.is_server)
    memory = server.seen.memory_bytes
    if memory is None:
        return "", f"the memory of {server.name} is unknown", ""
    name = best_for_cpu(dict(rows), memory)
    if not name:
        return "", f"no model of the catalog fits into half of the {size(memory)} of {server.name}", ""
    row = rows[name]
    return str(row["ollama_name"]), "", str(row.get("licence") or "") if row.get("gated") else ""


# --- The gateway ----------------------------------------------------------------------------------------


def _gateways(machines: Iterable[Machine]) -> int:
    """Where the memory is unknown, one."""
    memory = next(machine for machine in machines if machine.is_server).seen.memory_bytes
    return 2 if memory and memory >= _MEMORY_OF_TWO_GATEWAYS else 1
