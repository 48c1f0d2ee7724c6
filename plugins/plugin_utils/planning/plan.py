# SPDX-License-Identifier: Apache-2.0
"""Puts the plan together. Deterministic: the same inventory and catalog give the same plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import catalog as catalogs
from . import compatibility, gateway, hardware, naming, sizing
from .arguments import engine_arguments
from .catalog import Catalog
from .findings import Findings
from .inputs import (
    FREE_MODES,
    VARIABLES,
    Engine,
    WantedModel,
    read_engine,
    read_hosts,
    read_label,
    read_mode,
    read_models,
)
from .placement import place
from .probes import engine_probes
from .tiers import CPU, GPU, Tier, read_tiers

ARGUMENTS = tuple(VARIABLES)
_GPU_RESOURCE = "nvidia.com/gpu"
# Enough for the scheduler to place an engine sensibly; a model's row or entry says more where it matters.
_REQUESTS = {"cpu": "1", "memory": "4Gi"}


def make_plan(arguments: Mapping[str, Any], catalog_folder: Path) -> dict[str, Any]:
    """What the site becomes, with the catalog of a folder. See compute."""
    return compute(arguments, catalogs.read_files(catalog_folder))


def compute(arguments: Mapping[str, Any], raw_catalog: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the site becomes, as plain values. Raises InvalidInput that names every mistake at once."""
    findings = Findings()
    for name in arguments:
        if name not in ARGUMENTS:
            findings.problem(name, "is not an argument", f"Known: {', '.join(ARGUMENTS)}.")
    catalog = catalogs.build(raw_catalog, arguments.get("catalog"), findings)
    namespace = read_label(arguments.get("namespace"), VARIABLES["namespace"], "ml", findings)
    default_mode = read_mode(arguments.get("default_mode"), VARIABLES["default_mode"], "ml", findings)
    tiers = read_tiers(arguments.get("tiers"), findings)
    models = read_models(arguments.get("models"), default_mode, catalog, findings)
    engine = read_engine(arguments, needed=bool(models), findings=findings)
    gpus = hardware.resolve(read_hosts(arguments.get("hosts"), findings), catalog, findings)
    models = sizing.settle_counts(models, gpus, findings)
    _check_shape(arguments, models, tiers, default_mode, findings)

    identities = [
        naming.identify(model.name, model.served_name, model.aliases, model.mode, namespace)
        for model in models
    ]
    paths = [model.path for model in models]
    naming.check_clashes(
        list(zip(paths, identities, strict=True)), gateway.taken_names(models, tiers), findings
    )
    engines = [
        _engine(model, identity, default_mode, engine, catalog, findings)
        for model, identity in zip(models, identities, strict=True)
    ]
    compatibility.check(compatibility.Site(engine, models, gpus, catalog), findings)
    rows = sizing.memory_rows(models, gpus, findings)
    sizing.check_card_size(arguments.get("min_gpu_memory_gb"), gpus, findings)
    placement = place(models, gpus, rows, findings)
    findings.stop_on_problems()
    return {
        "namespace": namespace,
        "default_mode": default_mode,
        "modes": _modes(models),
        "image": engine.image,
        "vllm_version": engine.version,
        "identities": [identity.as_plain() for identity in identities],
        "vllm_models": engines,
        "ollama_models": [{"name": tier.model, "source": tier.source} for tier in tiers if tier.name == CPU],
        "tiers": _tiers(tiers, identities, namespace),
        "tier_map": gateway.tier_map(identities, tiers, namespace),
        "litellm_models": gateway.gateway_models(identities, tiers, namespace),
        "litellm_fallbacks": gateway.fallbacks(identities, tiers, default_mode),
        "litellm_aliases": gateway.aliases(identities),
        "cache": _cache(models),
        "gated": _gated(models),
        "memory": rows,
        "placement": placement,
        "warnings": list(findings.warnings),
    }


def _check_shape(
    arguments: Mapping[str, Any],
    models: tuple[WantedModel, ...],
    tiers: tuple[Tier, ...],
    default_mode: str,
    findings: Findings,
) -> None:
    """What single values cannot show: parts of the inventory that do not belong together."""
    listed = arguments.get("models") or []
    has_gpu = any(tier.name == GPU for tier in tiers)
    if listed and not has_gpu:
        findings.problem(
            "inference_tiers",
            f"has no gpu tier that is on, but inference_models lists {len(listed)} to run there",
            "Add gpu: {backend: vllm}, or empty inference_models.",
        )
    if not tiers:
        findings.problem("inference_tiers", "has no tier that is on", "Add one of gpu, cpu and cloud.")
    elif not listed and has_gpu and len(tiers) == 1:
        findings.problem(
            "inference_models", "is empty, so nothing would answer", "Name a model of the catalog."
        )
    elif not listed and has_gpu:
        findings.warn("inference_models is empty: the gpu tier stays without a model.")
    modes = sorted({model.mode for model in models})
    if modes and default_mode not in (*modes, *FREE_MODES):
        findings.problem(
            "inference_default_mode",
            f"is {default_mode!r}, but no model has that mode",
            f"Modes of the models: {', '.join(modes)}.",
        )


def _modes(models: tuple[WantedModel, ...]) -> dict[str, list[str]]:
    modes: dict[str, list[str]] = {}
    for model in models:
        modes.setdefault(model.mode, []).append(model.name)
    return modes


def _engine(
    model: WantedModel,
    identity: naming.Identity,
    default_mode: str,
    engine: Engine,
    catalog: Catalog,
    findings: Findings,
) -> dict[str, Any]:
    """What the role that deploys engines needs to know of one model."""
    settings = model.settings
    annotations = {"inference.stack/repository": settings.repository}
    if model.requirements:
        annotations["inference.stack/requirements"] = ",".join(model.requirements)
    requests = {**_REQUESTS, **settings.resources.get("requests", {}), _GPU_RESOURCE: str(settings.gpus)}
    limits = {**settings.resources.get("limits", {}), _GPU_RESOURCE: str(settings.gpus)}
    return {
        "name": model.name,
        "slug": identity.slug,
        "served_name": model.served_name,
        "repository": settings.repository,
        "revision": settings.revision,
        "deployment": identity.deployment,
        "service": identity.service,
        "mode": model.mode,
        "active": model.mode == default_mode,
        "arguments": engine_arguments(model, engine.release, catalog, findings),
        "environment": dict(settings.environment),
        "gpus": settings.gpus,
        "resources": {"requests": requests, "limits": limits},
        "probes": engine_probes(settings.load_timeout, settings.probes),
        "load_timeout": settings.load_timeout,
        "annotations": annotations,
    }


def _tiers(
    tiers: tuple[Tier, ...], identities: list[naming.Identity], namespace: str
) -> list[dict[str, Any]]:
    found = []
    for tier in tiers:
        models = [row.served_name for row in identities] if tier.name == GPU else [tier.model]
        found.append(
            {"name": tier.name, "backend": tier.backend, "models": models, "url": tier.url(namespace)}
        )
    return found


def _cache(models: tuple[WantedModel, ...]) -> dict[str, Any]:
    """What must lie in the cache before an engine starts. Two models may share a repository."""
    repositories: dict[tuple[str, str], dict[str, Any]] = {}
    tokenizers: dict[str, dict[str, Any]] = {}
    for model in models:
        settings = model.settings
        repositories.setdefault(
            (settings.repository, settings.revision),
            {
                "repository": settings.repository,
                "revision": settings.revision,
                "bytes": settings.download_bytes or settings.weights_bytes or 0,
                "archive_url": settings.archive_url,
                "archive_checksum": settings.archive_checksum,
            },
        )
        if settings.tokenizer and settings.tokenizer != settings.repository:
            tokenizers.setdefault(settings.tokenizer, {"repository": settings.tokenizer, "model": model.name})
    listed = list(repositories.values())
    return {
        "repositories": listed,
        "tokenizers": list(tokenizers.values()),
        "bytes": sum(row["bytes"] for row in listed),
    }


def _gated(models: tuple[WantedModel, ...]) -> list[dict[str, str]]:
    """Models whose licence has to be accepted before the hub hands them out."""
    return [
        {
            "model": model.name,
            "repository": model.settings.repository,
            "licence": model.settings.licence,
            "licence_page": f"https://huggingface.co/{model.settings.repository}",
        }
        for model in models
        if model.settings.gated and not model.settings.archive_url
    ]
