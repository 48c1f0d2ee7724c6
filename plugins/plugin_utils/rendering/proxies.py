# SPDX-License-Identifier: Apache-2.0
"""The variables with which a pod reaches the world through a proxy. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ...module_utils.errors import InvalidInput
from ..boundary.plain import plain

KEYS = ("http", "https", "no_proxy")
# Services and pods of the cluster, by name and by address: private networks are reached without it.
INSIDE = (
    *("localhost", "127.0.0.1", "::1", ".svc", ".cluster.local"),
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
)


def pod_proxy(proxy: Any, where: str = "inference_proxy") -> dict[str, str]:
    """Environment of a container. ``proxy`` has http, https and no_proxy; empty gives nothing.

    Programs read the names in capitals or in small letters, so both are set. Raises InvalidInput for
    credentials, which everybody who may read pods would see.
    """
    given = plain(proxy) or {}
    if unknown := sorted(set(given) - set(KEYS)):
        raise InvalidInput(f"{where} has unknown keys: {', '.join(unknown)}.", f"Known: {', '.join(KEYS)}.")
    for key in ("http", "https"):
        if "@" in urlsplit(str(given.get(key) or "")).netloc:
            raise InvalidInput(
                f"{where}.{key} holds credentials, which every reader of pods would see.",
                "Let the proxy know the hosts by their addresses, or give pods a proxy of their own.",
            )
    if not (given.get("http") or given.get("https")):
        return {}
    excepted = [str(given.get("no_proxy") or "").strip(","), *INSIDE]
    found = {"NO_PROXY": ",".join(part for part in excepted if part)}
    for key in ("http", "https"):
        if given.get(key):
            found[f"{key.upper()}_PROXY"] = str(given[key])
    return {**found, **{name.lower(): value for name, value in found.items()}}
