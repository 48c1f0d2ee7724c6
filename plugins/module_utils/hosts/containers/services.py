# SPDX-License-Identifier: Apache-2.0
"""Tells how the services that run containers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..system import units

K3S_UNITS = ("k3s", "k3s-agent")


@dataclass(frozen=True)
class Service:
    """A unit that is installed."""

    name: str
    state: str
    """active, activating, inactive, failed."""
    detail: str
    """systemd's finer word: running, auto-restart, dead."""


def read(names: Sequence[str] = K3S_UNITS) -> list[Service]:
    """Those of the units that are installed; none where there is no systemd."""
    found = [(name, units.read_unit(f"{name}.service")) for name in names]
    return [
        Service(name, unit["ActiveState"], unit["SubState"])
        for name, unit in found
        if unit["LoadState"] == "loaded"
    ]
