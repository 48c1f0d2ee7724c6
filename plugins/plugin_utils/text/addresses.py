# SPDX-License-Identifier: Apache-2.0
"""The address of a host, alone and as a part of a URL. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ...module_utils.errors import InvalidInput

_LOOPBACK = "127.0.0.1"


def host_address(host: Any, url: bool = False, from_controller: bool = False) -> str:
    """Where a host of the inventory is found: ansible_host, otherwise its name.

    ``url`` writes it as URLs need it. ``from_controller`` knows that a host without ansible_host whose
    connection is local is the controller itself: its name is often in no DNS.
    """
    if not isinstance(host, Mapping):
        raise InvalidInput("The variables of a host are no mapping.", "Hand over hostvars[NAME].")
    address = text_of(host.get("ansible_host"))
    if not address and from_controller and is_controller(host):
        address = _LOOPBACK
    address = address or text_of(host.get("inventory_hostname"))
    return url_host(address) if url else bare_host(address)


def is_controller(host: Mapping[str, Any]) -> bool:
    """Whether a host of the inventory is the machine that Ansible runs on."""
    return text_of(host.get("ansible_connection")) in ("local", "ansible.builtin.local")


def url_host(address: str) -> str:
    """An address as the host of a URL: IPv6 in brackets, which part it from the port."""
    bare = bare_host(address)
    return f"[{bare}]" if ":" in bare else bare


def bare_host(address: str) -> str:
    """An address without the brackets that people write around IPv6."""
    found = address.strip()
    return found[1:-1] if found.startswith("[") and found.endswith("]") else found


def is_own_host(host: str) -> bool:
    """Whether a host means "this machine" to whoever reads it, and therefore another one elsewhere."""
    try:
        found = ipaddress.ip_address(bare_host(host))
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
    return found.is_loopback or found.is_unspecified


def with_host(url: str, address: str) -> str:
    """The same URL at another host."""
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    return parts._replace(netloc=url_host(address) + port).geturl()


def text_of(value: Any) -> str:
    """An exact str; what is not set is empty."""
    return "" if value is None else "".join(str(value))
