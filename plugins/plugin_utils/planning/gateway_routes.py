# SPDX-License-Identifier: Apache-2.0
"""What the gateway must know: its models in LiteLLM's vocabulary, who answers for whom, and other names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .inputs.tiers import CLOUD, CPU, GPU, OPENAI_URL, Tier
from .inputs.wanted import WantedModel
from .naming import Identity, pods_url
from .parts import Part, Parts

# What LiteLLM or Ollama would leave out of a request without a word; the gateway refuses it instead.
OLLAMA_LACKS = ["audio", "logit_bias", "logprobs", "n"]
# Ollama answers a question about a picture as if there were none, where the model takes none.
IMAGES = "images"
# Ollama cuts a prompt that is too long, and forgets its beginning while it answers, unless it is told not to.
OLLAMA_REFUSES = {"truncate": False, "shift": False}
# The gateway reads the key from its environment; a plan never contains it.
CLOUD_KEY = "os.environ/OPENAI_API_KEY"


def gateway_models(
    identities: Sequence[Identity], tiers: Sequence[Tier], parts: Parts
) -> list[dict[str, Any]]:
    """LiteLLM's model_list. Those of inactive modes stay in it: HAProxy answers 503 for them at once."""
    found: list[dict[str, Any]] = []
    for tier in tiers:
        if tier.name == GPU:
            found += [_gpu(identity, tier, parts) for identity in identities]
        else:
            found.append(_other(tier, parts))
    return found


def proxied_engines(
    identities: Sequence[Identity], tiers: Sequence[Tier], parts: Parts
) -> list[dict[str, Any]]:
    """The servers of this site that the gateway asks through HAProxy, each with its address and its check."""
    found: list[dict[str, Any]] = []
    for tier in tiers:
        if tier.name == GPU:
            check = {"check": "/health", "check_port": parts.watchdog_port}
            found += [{"name": row.service, "url": _pods(parts[row.name]), **check} for row in identities]
        elif part := parts.of_tier(tier.name):
            found.append({"name": part.service, "url": _pods(part), "check": "/api/version"})
    return found


def _pods(part: Part) -> str:
    return pods_url(part.service, part.namespace, part.port)


def tier_url(tier: Tier, parts: Parts) -> str:
    """Where the gateway finds a tier; the GPU tier has one address per model."""
    if tier.name == GPU:
        return ""
    part = parts.of_tier(tier.name)
    return part.url if part else tier.api_base or OPENAI_URL


def _gpu(identity: Identity, tier: Tier, parts: Parts) -> dict[str, Any]:
    return {
        "model_name": identity.served_name,
        "litellm_params": {
            "model": f"hosted_vllm/{identity.served_name}",
            "api_base": f"{parts.proxied(identity.service)}/v1",
            "timeout": tier.timeout,
            "stream_timeout": tier.timeout,
        },
        "model_info": {"tier": GPU},
    }


def _other(tier: Tier, parts: Parts) -> dict[str, Any]:
    params: dict[str, Any]
    info: dict[str, Any] = {"tier": tier.name}
    if tier.name == CPU:
        part = parts.of_tier(CPU)
        address = parts.proxied(part.service) if part else tier_url(tier, parts)
        params = {
            "model": f"ollama_chat/{tier.model}",
            "api_base": address,
            "extra_body": dict(OLLAMA_REFUSES),
        }
        info["inference_lacks"] = sorted([*OLLAMA_LACKS, *([] if tier.vision else [IMAGES])])
    else:
        params = {"model": f"openai/{tier.model}", "api_key": CLOUD_KEY}
        if tier.api_base:
            params["api_base"] = tier.api_base
        params.update(tier.prices)
    params.update(timeout=tier.timeout, stream_timeout=tier.timeout)
    return {"model_name": tier.model, "litellm_params": params, "model_info": info}


def fallbacks(
    identities: Sequence[Identity], tiers: Sequence[Tier], default_mode: str
) -> list[dict[str, list[str]]]:
    """LiteLLM's fallbacks: from each model down the tiers, in the order in which the site wrote them.

    Below a tier the GPU is represented by the first model of the default mode, which runs most of the time.
    """
    usual = next((row.served_name for row in identities if row.mode == default_mode), "")
    representative = [usual if tier.name == GPU else tier.model for tier in tiers]
    found: list[dict[str, list[str]]] = []
    for position, tier in enumerate(tiers):
        below = [name for name in representative[position + 1 :] if name]
        if not below:
            continue
        names = [row.served_name for row in identities] if tier.name == GPU else [tier.model]
        found += [{name: list(below)} for name in names]
    return found


def aliases(identities: Sequence[Identity]) -> dict[str, str]:
    """More names at the gateway, each with the served name that it stands for."""
    return {alias: row.served_name for row in identities for alias in row.aliases}


def tier_map(identities: Sequence[Identity], tiers: Sequence[Tier], parts: Parts) -> dict[str, str]:
    """Which tier an address belongs to: what a response's headers are compared with.

    Engines of the site have two: their Service's, and the one at which the gateway asks them through HAProxy.
    """
    found: dict[str, str] = {}
    for tier in tiers:
        if tier.name == GPU:
            found.update({row.url: GPU for row in identities})
            found.update({parts.proxied(row.service): GPU for row in identities})
        else:
            found[tier_url(tier, parts)] = tier.name
            if part := parts.of_tier(tier.name):
                found[parts.proxied(part.service)] = tier.name
        if tier.name == CLOUD and not tier.api_base:
            # The client library's default address is reported without its path on some releases.
            found[OPENAI_URL.removesuffix("/v1")] = CLOUD
    return found


def taken_names(models: Sequence[WantedModel], tiers: Sequence[Tier]) -> list[tuple[str, str]]:
    """Names at the gateway that belong to tiers other than the GPU's, with the variable behind each one."""
    return [(f"inference_tiers.{tier.name}.model", tier.model) for tier in tiers if tier.name != GPU]
