# SPDX-License-Identifier: Apache-2.0
"""Options of all modules that ask an OpenAI-compatible server; documented in the fragment ``server``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..connection import or_environment
from ..errors import InvalidInput
from ..openai_api.client import Client
from ..openai_api.transport import tls_context

SERVER_OPTIONS: dict[str, dict[str, Any]] = {
    "base_url": or_environment({"type": "str"}, "OPENAI_BASE_URL"),
    "api_key": or_environment({"type": "str", "default": "", "no_log": True}, "OPENAI_API_KEY"),
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
}
TIER_OPTIONS: dict[str, dict[str, Any]] = {"tier_map": {"type": "dict", "default": {}}}


def connector(params: Mapping[str, Any]) -> Callable[[], Client]:
    """Makes clients of the server, each of whose requests takes ``request_timeout`` at most.

    Reading the trusted authorities takes long, so it happens once.
    """
    tls = tls_context(params["validate_certs"], params["ca_path"] or "")
    return lambda: Client(params["base_url"], params["api_key"], params["request_timeout"], tls)


def require_above_zero(params: Mapping[str, Any], *options: str) -> None:
    for option in options:
        if params[option] <= 0:
            raise InvalidInput(f"{option} must be above 0")


def require_not_negative(params: Mapping[str, Any], *options: str) -> None:
    for option in options:
        if params[option] < 0:
            raise InvalidInput(f"{option} must not be negative")


def read_tiers(params: Mapping[str, Any]) -> dict[str, str]:
    """Addresses and the tier of each."""
    return {str(address): str(tier) for address, tier in params["tier_map"].items()}
