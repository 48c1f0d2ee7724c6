# SPDX-License-Identifier: Apache-2.0
"""Puts the plan together. Deterministic: the same inventory and catalog give the same plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...module_utils.mode.names import CONFIG_MAP
from . import gateway_routes as gateway
from . import naming
from . import parts as tables
from .cache_content import cache_content, gated_models
from .cache_nodes import cache_nodes
from .catalog import catalog as catalogs
from .catalog.catalog import Catalog
from .compatibility import gateway_images as gateway_image
from .compatibility.models import unfit_kernels
from .compatibility.observed import observe
from .compatibility.site import Site, check
from .engines import describe_engines
from .fallback_config import fallback_config
from .inherited.translation import translate
from .inputs import hardware
from .inputs.consistency import check_shape
from .inputs.nodes import Node, check_taints, read_nodes
from .inputs.tiers import CPU, GPU, Tier, read_tiers
from .inputs.wanted import (
    VARIABLES,
    Engine,
    WantedHost,
    WantedModel,
    read_engine,
    read_hosts,
    read_label,
    read_mode,
    read_models,
)
from .memory import sizing
from .placement import place
from .promises import with_contracts
from .reading.findings import Findings
from .reading.tables import Table
from .registry_rows import check_names, registry_rows
from .scheduling import schedule
from .workloads import ARGUMENT as WORKLOADS
from .workloads import Workloads, read_workloads

ARGUMENTS = tuple(VARIABLES)
# Variables that say one thing and need no reader of their own.
_SINGLE = ("min_gpu_memory_gb", "allow_unknown")


@dataclass(frozen=True)
class _Wanted:
    """What the inventory says, read and typed."""

    catalog: Catalog
    namespace: str
    parts: tables.Parts
    default_mode: str
    tiers: tuple[Tier, ...]
    models: tuple[WantedModel, ...]
    engine: Engine
    hosts: tuple[WantedHost, ...]
    gpus: hardware.Hardware
    nodes: tuple[Node, ...]
    workloads: Workloads
    least_gpu_gb: int
    allow_unknown: bool


@dataclass(frozen=True)
class Outcome:
    """The plan, and separately what was measured: a bare host and the finished one have the same plan."""

    plan: dict[str, Any]
    observed: dict[str, Any]


def make_plan(arguments: Mapping[str, Any], catalog_folder: Path) -> Outcome:
    """What the site becomes, with the catalog of a folder. See work_out."""
    return work_out(arguments, catalogs.read_files(catalog_folder))


def compute(arguments: Mapping[str, Any], raw_catalog: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The plan alone. See work_out."""
    return work_out(arguments, raw_catalog).plan


def work_out(arguments: Mapping[str, Any], raw_catalog: Mapping[str, Mapping[str, Any]]) -> Outcome:
    """What the site becomes, as plain values.

    Raises InvalidInput that names every mistake of a stage at once: values first, then names and what belongs
    together, then what fits. A later stage would only repeat in other words what an earlier one has found.
    """
    findings = Findings()
    wanted = _read(arguments, raw_catalog, findings)
    findings.stop_on_problems()
    check_shape(wanted.models, wanted.tiers, wanted.default_mode, findings)
    where = (wanted.namespace, wanted.parts[tables.ENGINES].port)
    identities = [
        naming.identify(model.name, model.served_name, model.aliases, model.mode, *where)
        for model in wanted.models
    ]
    naming.check_clashes(
        list(zip([model.path for model in wanted.models], identities, strict=True)),
        gateway.taken_names(wanted.models, wanted.tiers),
        findings,
    )
    check_names(wanted.models, findings)
    parts = tables.with_engines(wanted.parts, identities)
    tables.check_clashes(parts, {model.name: model.path for model in wanted.models}, findings)
    findings.stop_on_problems()
    return _fit(replace(wanted, parts=parts), identities, findings)


def _read(
    arguments: Mapping[str, Any], raw_catalog: Mapping[str, Mapping[str, Any]], findings: Findings
) -> _Wanted:
    for name in arguments:
        if name not in ARGUMENTS:
            findings.problem(name, "is not an argument", f"Known: {', '.join(ARGUMENTS)}.")
    arguments = translate(arguments, raw_catalog, findings)
    catalog = catalogs.build(raw_catalog, arguments.get("catalog"), findings)
    default_mode = read_mode(arguments.get("default_mode"), VARIABLES["default_mode"], "ml", findings)
    models = read_models(arguments.get("models"), default_mode, catalog, findings)
    hosts = read_hosts(arguments.get("hosts"), findings)
    gateway_image.check(arguments.get("litellm_image"), catalog, findings)
    namespace = read_label(arguments.get("namespace"), VARIABLES["namespace"], "ml", findings)
    tiers = read_tiers(arguments.get("tiers"), findings)
    nodes = read_nodes(arguments.get("nodes"), findings)
    check_taints(nodes, findings)
    parts = tables.read_parts(arguments.get(tables.ARGUMENT), namespace, tiers, findings)
    single = Table({VARIABLES[key]: arguments.get(key) for key in _SINGLE}, "", findings)
    return _Wanted(
        catalog=catalog,
        namespace=namespace,
        parts=parts,
        default_mode=default_mode,
        tiers=tiers,
        models=models,
        engine=read_engine(arguments, needed=bool(models), findings=findings),
        hosts=hosts,
        gpus=hardware.resolve(hosts, catalog, findings),
        nodes=nodes,
        workloads=read_workloads(arguments.get(WORKLOADS), parts, nodes, findings),
        least_gpu_gb=single.integer(VARIABLES["min_gpu_memory_gb"], 0) or 0,
        allow_unknown=single.flag(VARIABLES["allow_unknown"]),
    )


def _fit(wanted: _Wanted, identities: list[naming.Identity], findings: Findings) -> Outcome:
    """Compare what is wanted with the hardware, and describe what it becomes."""
    catalog, gpus, tiers, parts = wanted.catalog, wanted.gpus, wanted.tiers, wanted.parts
    models = sizing.settle_counts(wanted.models, gpus, findings)
    engines = describe_engines(models, identities, wanted.default_mode, wanted.engine, catalog, findings)
    listed = list(engines)
    site = Site(wanted.engine, models, wanted.hosts, gpus, catalog, wanted.allow_unknown)
    compared = check(site, findings)
    observed = observe(site, compared, findings)
    memory = sizing.memory_rows(models, gpus, findings)
    sizing.check_card_size(wanted.least_gpu_gb, gpus, findings)
    findings.stop_on_problems()
    unfit = {*sizing.unfit(memory), *unfit_kernels(models, gpus, catalog)}
    placement = place(models, gpus.of_at_least(wanted.least_gpu_gb), unfit, findings)
    findings.stop_on_problems()
    addresses = [parts.proxied(identity.service) for identity in identities]
    modes = _modes(models)
    pods = {
        mode: wanted.workloads.of_mode(mode, models, listed) for mode in {wanted.default_mode: None, **modes}
    }
    nodes = schedule(wanted.nodes, pods, gpus, findings)
    findings.stop_on_problems()
    for row, model, pod in zip(listed, models, wanted.workloads.engines(models, listed), strict=True):
        row["cache_nodes"] = cache_nodes(model, pod, wanted.nodes, gpus, unfit)
    fallbacks = gateway.fallbacks(identities, tiers, wanted.default_mode)
    plan = {
        "namespace": wanted.namespace,
        "parts": parts.as_plain(),
        "mode_config_map": CONFIG_MAP,
        "default_mode": wanted.default_mode,
        "modes": modes,
        "image": wanted.engine.image,
        "image_verdict": compared.image,
        "vllm_version": wanted.engine.version,
        "identities": [identity.as_plain() for identity in identities],
        "vllm_models": with_contracts(listed, models, addresses, memory, placement),
        "ollama_models": [{"name": tier.model, "source": tier.source} for tier in tiers if tier.name == CPU],
        "tiers": _tiers(tiers, identities, parts),
        "tier_map": gateway.tier_map(identities, tiers, parts),
        "litellm_models": gateway.gateway_models(identities, tiers, parts),
        "litellm_engines": gateway.proxied_engines(identities, tiers, parts),
        "litellm_engine_proxy_port": parts.engine_proxy_port,
        "vllm_watchdog_port": parts.watchdog_port,
        "litellm_fallbacks": fallbacks,
        "litellm_aliases": gateway.aliases(identities),
        "fallback_config": fallback_config(identities, tiers, parts, wanted.default_mode, fallbacks),
        "registry_models": registry_rows(models, identities),
        "cache": cache_content(models, parts.cache_path, compared.image),
        "gated": gated_models(models),
        "memory": memory,
        "placement": placement,
        "hosts": compared.hosts,
        "nodes": nodes,
        "warnings": list(findings.warnings),
    }
    return Outcome(plan, observed)


def _modes(models: tuple[WantedModel, ...]) -> dict[str, list[str]]:
    modes: dict[str, list[str]] = {}
    for model in models:
        modes.setdefault(model.mode, []).append(model.name)
    return modes


def _tiers(
    tiers: tuple[Tier, ...], identities: list[naming.Identity], parts: tables.Parts
) -> list[dict[str, Any]]:
    found = []
    for tier in tiers:
        models = [row.served_name for row in identities] if tier.name == GPU else [tier.model]
        found.append(
            {
                "name": tier.name,
                "backend": tier.backend,
                "models": models,
                "url": gateway.tier_url(tier, parts),
            }
        )
    return found
