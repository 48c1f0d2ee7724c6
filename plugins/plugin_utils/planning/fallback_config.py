# SPDX-License-Identifier: Apache-2.0
"""What programs beside the site, such as workflows of n8n, have to know of it: addresses and names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .inputs.tiers import CPU, GPU, Tier
from .naming import Identity
from .parts import ENGINES, Parts


def fallback_config(
    identities: Sequence[Identity],
    tiers: Sequence[Tier],
    parts: Parts,
    default_mode: str,
    fallbacks: Sequence[Mapping[str, Sequence[str]]],
) -> dict[str, str]:
    """The data of a ConfigMap. Requests go through the gateway; the other addresses are for health checks."""
    usual = next((row.served_name for row in identities if row.mode == default_mode), "")
    models = {tier.name: usual if tier.name == GPU else tier.model for tier in tiers}
    first = next((name for name in models.values() if name), "")
    below = next((row[first] for row in fallbacks if first in row), [])
    found = {
        "LLM_ENDPOINT": f"{parts['gateway'].url}/v1",
        "LLM_MODEL": first,
        "LLM_FALLBACK_MODELS": ",".join(below),
    }
    if GPU in models:
        engines = parts[ENGINES].url
        found |= {"VLLM_ENDPOINT": engines, "VLLM_HEALTH_ENDPOINT": f"{engines}/health", "VLLM_MODEL": usual}
    cpu = parts.of_tier(CPU)
    if CPU in models and cpu:
        found |= {"OLLAMA_ENDPOINT": cpu.url, "OLLAMA_MODEL": models[CPU]}
    return found
