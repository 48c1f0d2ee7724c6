# SPDX-License-Identifier: Apache-2.0
"""What has to be in the model cache, and whose licence has to be accepted first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .inputs.wanted import WantedModel


def cache_content(models: tuple[WantedModel, ...], path: str, image: Mapping[str, Any]) -> dict[str, Any]:
    """What must be in the cache before an engine starts. Two models may share a repository.

    ``image`` is the engines', which comes onto the hosts' disks as well; listed where its size is known.
    """
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
        "path": path,
        "repositories": listed,
        "tokenizers": list(tokenizers.values()),
        "bytes": sum(row["bytes"] for row in listed),
        "images": [{"image": image["image"], "bytes": image["bytes"]}] if models and image["bytes"] else [],
    }


def gated_models(models: tuple[WantedModel, ...]) -> list[dict[str, str]]:
    """Models whose licence has to be accepted before the hub allows a download."""
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
