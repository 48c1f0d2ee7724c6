# SPDX-License-Identifier: Apache-2.0
"""Hosts with the same kinds of GPUs and the same driver are judged once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..catalog.model_rows import Gpu
from ..inputs.hardware import Hardware
from ..inputs.wanted import WantedHost
from ..reading.versions import Driver

_NAMED = 3  # hosts that a message names

# The driver, and the kinds of GPUs by key.
Likeness = tuple[Driver | None, tuple[str, ...]]


@dataclass(frozen=True)
class Host:
    """A host with its GPUs as the catalog knows them."""

    wanted: WantedHost
    gpus: tuple[tuple[Gpu, int], ...]

    @property
    def kinds(self) -> tuple[Gpu, ...]:
        return tuple(gpu for gpu, _ in self.gpus)

    def as_plain(self) -> dict[str, Any]:
        return {
            "name": self.wanted.name,
            "gpus": [{"gpu": gpu.key, "name": gpu.name, "count": count} for gpu, count in self.gpus],
        }


@dataclass(frozen=True)
class Alike:
    """Hosts with the same kinds of GPUs and the same driver."""

    gpus: tuple[Gpu, ...]
    driver: Driver | None
    names: tuple[str, ...]

    def __str__(self) -> str:
        cards = " + ".join(gpu.name for gpu in self.gpus) or "GPUs unknown"
        return (
            f"{listed(self.names)} ({cards}, {f'driver {self.driver}' if self.driver else 'driver unknown'})"
        )


def join(wanted: tuple[WantedHost, ...], hardware: Hardware) -> tuple[Host, ...]:
    """The hosts as the inventory names them, each with what became of its GPUs."""
    return tuple(Host(host, gpus) for host, (_, gpus) in zip(wanted, hardware.hosts, strict=True))


def alike(hosts: Iterable[tuple[Host, Driver | None]]) -> dict[Likeness, Alike]:
    """Groups of hosts, in the order in which their first one was listed."""
    groups: dict[Likeness, list[Host]] = {}
    for host, driver in hosts:
        groups.setdefault(likeness(host, driver), []).append(host)
    return {
        key: Alike(members[0].kinds, key[0], tuple(sorted(host.wanted.name for host in members)))
        for key, members in groups.items()
    }


def likeness(host: Host, driver: Driver | None) -> Likeness:
    return driver, tuple(gpu.key for gpu, _ in host.gpus)


def listed(names: tuple[str, ...]) -> str:
    """All names, or the first ones and how many more there are."""
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} more"
