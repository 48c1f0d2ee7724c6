# SPDX-License-Identifier: Apache-2.0
"""The variables with which a host or a pod reaches the world through a proxy. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from ...module_utils.errors import InvalidInput
from ..boundary.plain import plain

# What an inventory says of a proxy, and the variable that programs read.
VARIABLES = {"http": "http_proxy", "https": "https_proxy", "no_proxy": "no_proxy"}
# Services and pods of the cluster, by name and by address: private networks are reached without it.
INSIDE = (
    *("localhost", "127.0.0.1", "::1", ".svc", ".cluster.local"),
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
)


def host_proxy(proxy: Any, where: str = "inference_proxy", direct: Any = ()) -> dict[str, str]:
    """Environment of a program on a host, in small letters. ``direct`` names hosts reached without it."""
    given = _read(proxy, where)
    return _variables(given, [given["no_proxy"], *plain(direct)]) if any(given.values()) else {}


def pod_proxy(proxy: Any, where: str = "inference_proxy") -> dict[str, str]:
    """Environment of a container. ``proxy`` has http, https and no_proxy; empty gives nothing.

    Programs read the names in capitals or in small letters, so both are set. Raises InvalidInput for
    credentials, which everybody who may read pods would see.
    """
    given = _read(proxy, where)
    for key in ("http", "https"):
        if "@" in urlsplit(given[key]).netloc:
            raise InvalidInput(
                f"{where}.{key} holds credentials, which every reader of pods would see.",
                "Let the proxy know the hosts by their addresses, or give pods a proxy of their own.",
            )
    if not (given["http"] or given["https"]):
        return {}
    found = _variables(given, [given["no_proxy"], *INSIDE])
    return {**{name.upper(): value for name, value in found.items()}, **found}


def _read(proxy: Any, where: str) -> dict[str, str]:
    given = plain(proxy) or {}
    if unknown := sorted(set(given) - set(VARIABLES)):
        raise InvalidInput(
            f"{where} has unknown keys: {', '.join(unknown)}.", f"Known: {', '.join(VARIABLES)}."
        )
    return {key: str(given.get(key) or "") for key in VARIABLES}


def _variables(given: dict[str, str], direct: Iterable[str]) -> dict[str, str]:
    excepted = ",".join(dict.fromkeys(part for part in ",".join(direct).split(",") if part))
    values = {**given, "no_proxy": excepted}
    return {VARIABLES[key]: value for key, value in values.items() if value}
