# SPDX-License-Identifier: Apache-2.0
"""What the role that deploys engines needs to know about each model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from .arguments import engine_arguments
from .catalog.catalog import Catalog
from .inputs.wanted import Engine, WantedModel
from .naming import Identity
from .reading.findings import Findings

_GPU_RESOURCE = "nvidia.com/gpu"
# Enough for the scheduler; a model's row or entry may ask for more.
_REQUESTS = {"cpu": "500m", "memory": "4Gi"}
# What the hub can be asked for; not a folder, and not one file of a repository.
_REPOSITORY = re.compile(r"^[A-Za-z0-9][\w.-]*(/[\w.-]+)?$")
# Arguments that may name further repositories, which the engine then fetches by itself.
_NAMING_OTHERS = ("--speculative-config", "--speculative-model", "--lora-modules", "--hf-config-path")


def describe_engines(
    models: Sequence[WantedModel],
    identities: Sequence[Identity],
    default_mode: str,
    engine: Engine,
    catalog: Catalog,
    findings: Findings,
) -> Iterator[dict[str, Any]]:
    for model, identity in zip(models, identities, strict=True):
        yield _engine(model, identity, default_mode, engine, catalog, findings)


def _engine(
    model: WantedModel,
    identity: Identity,
    default_mode: str,
    engine: Engine,
    catalog: Catalog,
    findings: Findings,
) -> dict[str, Any]:
    settings = model.settings
    repositories = list(_repositories(model))
    arguments = engine_arguments(model, engine.release, catalog, findings)
    alone = bool(repositories) and not any(word.startswith(_NAMING_OTHERS) for word in arguments)
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
        "repositories": repositories,
        "deployment": identity.deployment,
        "service": identity.service,
        "mode": model.mode,
        "active": model.mode == default_mode,
        "replicas": model.replicas,
        "arguments": arguments,
        "environment": {**({} if alone else {"HF_HUB_OFFLINE": "0"}), **settings.environment},
        "node_selector": dict(settings.node_selector),
        "gpus": settings.gpus,
        "resources": {"requests": requests, "limits": limits},
        "probes": {name: dict(timing) for name, timing in settings.probes.items()},
        "load_timeout": settings.load_timeout,
        "annotations": annotations,
    }


def _repositories(model: WantedModel) -> Iterator[dict[str, Any]]:
    """What has to be in the cache before the engine starts."""
    settings = model.settings
    if not _REPOSITORY.match(settings.repository):
        return
    gated = settings.gated and not settings.archive_url
    row = {"repository": settings.repository, "revision": settings.revision, "weights": True}
    yield {**row, "gated": gated}
    if settings.tokenizer not in ("", settings.repository) and _REPOSITORY.match(settings.tokenizer):
        yield {"repository": settings.tokenizer, "revision": "", "weights": False, "gated": False}
