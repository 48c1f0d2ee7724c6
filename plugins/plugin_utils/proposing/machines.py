# SPDX-License-Identifier: Apache-2.0
"""The machines of a new site, from the addresses that somebody types. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from ...module_utils.errors import InvalidInput
from ..text.addresses import bare_host, is_own_host

SERVER, GPU = "init_server", "init_gpu"
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")


@dataclass(frozen=True)
class Seen:
    """What a machine said of itself. None is unknown.

    ``reason`` says why nothing is known. ``sudo`` is ``free``, ``asks``, the words of its refusal, or empty
    where nobody knows.
    """

    reason: str = ""
    pci_ids: tuple[str, ...] | None = None
    driver: str = ""
    memory_bytes: int | None = None
    cores: int | None = None
    free_bytes: int | None = None
    sudo: str = ""


@dataclass(frozen=True)
class Machine:
    """A machine of the site: its name there, and what it is for."""

    name: str
    address: str
    user: str = ""
    is_server: bool = False
    has_gpu: bool = False
    seen: Seen = field(default_factory=Seen)

    @property
    def is_local(self) -> bool:
        """Whether the controller is meant."""
        return is_own_host(self.address)

    def as_plain(self) -> dict[str, Any]:
        plain = asdict(self)
        del plain["seen"]
        return plain | {"is_local": self.is_local}


def machines(server: str, gpus: str = "", user: str = "") -> list[Machine]:
    """The k3s server and the hosts with GPUs, parted by commas; without any the server has the GPU."""
    user = user.strip()
    if re.search(r"[\s@]", user):
        raise InvalidInput(f"init_user is {user!r}", "Name the user that SSH logs in as.")
    first = _address(server, SERVER)
    others = list(dict.fromkeys(_address(word, GPU) for word in gpus.split(",") if word.strip()))
    agents = [address for address in others if address != first]
    own = [address for address in [first, *agents] if is_own_host(address)]
    if agents and own:
        raise InvalidInput(
            f"{SERVER if own[0] == first else GPU}: {own[0]} means another machine on every machine",
            "Name the address at which the others reach it.",
        )
    # Nobody logs in to the controller.
    user = "" if own else user
    names = _names("gpu")
    return [
        Machine("server", first, user, is_server=True, has_gpu=not others or first in others),
        *(Machine(next(names), address, user, has_gpu=True) for address in agents),
    ]


def _names(first: str) -> Iterator[str]:
    yield first
    number = 2
    while True:
        yield f"{first}{number}"
        number += 1


def _address(text: str, variable: str) -> str:
    """An address as ansible_host takes it."""
    address = bare_host(text)
    if not address:
        raise InvalidInput(
            f"{variable} is empty",
            "Name the k3s server: make init SERVER=192.0.2.10 GPU=192.0.2.11 USER=admin",
        )
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        if not _NAME.fullmatch(address):
            raise InvalidInput(
                f"{variable}: {text.strip()!r} is no address",
                "Name an IPv4 or IPv6 address or a DNS name. The user is init_user; commas part GPU hosts.",
            ) from None
        return address
    if found.is_link_local:
        raise InvalidInput(
            f"{variable}: {address} reaches no further than one link", "Name a routable address."
        )
    return address


def with_seen(listed: Iterable[Machine], rows: Iterable[dict[str, Any]]) -> list[Machine]:
    """The machines with what each of them said."""
    told = {row["name"]: row for row in rows}
    return [
        Machine(**{**machine.__dict__, "seen": _seen(told.get(machine.name, {"reason": "it was not asked"}))})
        for machine in listed
    ]


def _seen(row: dict[str, Any]) -> Seen:
    ids = row.get("pci_ids")
    return Seen(
        reason=str(row.get("reason") or ""),
        pci_ids=None if ids is None else tuple(str(one) for one in ids),
        driver=str(row.get("driver") or ""),
        memory_bytes=row.get("memory_bytes") or None,
        cores=row.get("cores") or None,
        free_bytes=row.get("free_bytes"),
        sudo=str(row.get("sudo") or ""),
    )
