# SPDX-License-Identifier: Apache-2.0
"""Which tier answered, read from what the gateway puts into its response headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import InvalidInput

API_BASE = "x-litellm-model-api-base"
ATTEMPTED = "x-litellm-attempted-fallbacks"
_PREFIX = "x-litellm-"

UNKNOWN = "unknown"
FALLBACK = "fallback"  # some tier below the first, but none that the map names


@dataclass(frozen=True)
class Origin:
    """Who answered, as far as known. ``api_base`` is empty if no header named it."""

    tier: str
    api_base: str
    fallbacks: int


def _comparable(url: str) -> tuple[str, str]:
    """Scheme, host and port in one spelling, and the path without /v1 and slashes."""
    parts = urlsplit(url.strip())
    try:
        port = parts.port
    except ValueError:
        port = None
    port = port or (443 if parts.scheme == "https" else 80)
    path = parts.path.rstrip("/")
    path = path[: -len("/v1")] if path.endswith("/v1") else path
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}", path


def match(api_base: str, tier_map: Mapping[str, str]) -> str:
    """The tier of the longest address that ``api_base`` equals or begins with; empty when there is none."""
    server, path = _comparable(api_base)
    best, length = "", -1
    for address, tier in tier_map.items():
        known_server, known_path = _comparable(address)
        below = path == known_path or path.startswith(f"{known_path}/")
        if server == known_server and below and len(known_path) > length:
            best, length = tier, len(known_path)
    return best


def is_gateway(headers: Mapping[str, str]) -> bool:
    """Whether these headers come from a gateway, not from the server that answered."""
    return any(name.startswith(_PREFIX) for name in headers)


def who_answered(headers: Mapping[str, str], tier_map: Mapping[str, str], asked: str = "") -> Origin:
    """The tier that answered. The model in the body does not prove it: it may be an alias.

    A server that sends none of the gateway's headers answers for itself: then ``asked`` is its address.
    """
    api_base = headers.get(API_BASE, "").strip()
    attempted = headers.get(ATTEMPTED, "").strip()
    fallbacks = int(attempted) if attempted.isdigit() else 0
    if not is_gateway(headers):
        api_base = asked
    tier = match(api_base, tier_map) if api_base else ""
    return Origin(tier or (FALLBACK if fallbacks > 0 else UNKNOWN), api_base, fallbacks)


def require_known_tier(tier: str, tier_map: Mapping[str, str]) -> None:
    """Raise InvalidInput when a tier is expected that has no address in the map."""
    if tier and tier not in tier_map.values():
        raise InvalidInput(
            f"tier_map has no address of tier {tier!r}",
            f"Tiers of the map: {', '.join(sorted(set(tier_map.values()))) or 'none'}.",
        )
