# SPDX-License-Identifier: Apache-2.0
"""Reads the devices on Thunderbolt and USB4 ports, and whether the host lets them in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..system.sysfs import list_devices, read_attribute, read_number

DEVICES_ROOT = "/sys/bus/thunderbolt/devices"


@dataclass(frozen=True)
class ThunderboltDevice:
    """A device on the bus that wants to be authorised before its PCI side appears."""

    bus_name: str
    """The kernel's name for its place: 0-1."""
    vendor: str
    name: str
    unique_id: str
    is_authorized: bool


def find_devices(root: str = DEVICES_ROOT) -> list[ThunderboltDevice]:
    """All devices on the bus; domains, ports and the host's own routers are none."""
    devices = []
    for folder in list_devices(Path(root)):
        authorized = read_number(folder, "authorized")
        is_host_router = folder.name.endswith("-0")
        if authorized is None or is_host_router:
            continue
        devices.append(
            ThunderboltDevice(
                bus_name=folder.name,
                vendor=read_attribute(folder, "vendor_name"),
                name=read_attribute(folder, "device_name"),
                unique_id=read_attribute(folder, "unique_id"),
                is_authorized=authorized > 0,
            )
        )
    return devices
