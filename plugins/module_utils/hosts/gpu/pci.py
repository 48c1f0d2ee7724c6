# SPDX-License-Identifier: Apache-2.0
"""Finds NVIDIA GPUs on the PCI bus, whether or not a driver is installed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..system.sysfs import list_devices, read_attribute, read_number

DEVICES_ROOT = "/sys/bus/pci/devices"

_NVIDIA_VENDOR = "0x10de"
_DISPLAY_CLASS = "0x03"
# What a link register reads as when the device behind it is gone: all ones.
_WIDTH_OF_NOTHING = 63


@dataclass(frozen=True)
class PciLink:
    """The connection between a device and the port above it."""

    speed_gt_per_s: float | None
    speed_max_gt_per_s: float | None
    width_lanes: int | None
    width_max_lanes: int | None
    """What device and port could both do; behind Thunderbolt that is four, whatever the card has."""


@dataclass(frozen=True)
class PciGpu:
    """An NVIDIA GPU as the kernel's PCI layer sees it."""

    bus_id: str
    device_id: str
    """Four hexadecimal digits, as in lists of PCI ids: 2504."""
    driver: str | None
    """The kernel driver that owns it: nvidia, nouveau, vfio-pci."""
    is_removable: bool
    """Behind a port that leads outside, such as Thunderbolt."""
    answers: bool
    """False when the device behind the link is gone: it fell off the bus."""
    link: PciLink


def find_gpus(root: str = DEVICES_ROOT) -> list[PciGpu]:
    """All NVIDIA GPUs below the bus folder, by bus id."""
    return [_read_gpu(folder) for folder in list_devices(Path(root)) if _is_nvidia_gpu(folder)]


def _is_nvidia_gpu(folder: Path) -> bool:
    is_nvidia = read_attribute(folder, "vendor") == _NVIDIA_VENDOR
    return is_nvidia and read_attribute(folder, "class").startswith(_DISPLAY_CLASS)


def _read_gpu(folder: Path) -> PciGpu:
    driver = folder / "driver"
    return PciGpu(
        bus_id=folder.name,
        device_id=read_attribute(folder, "device").replace("0x", ""),
        driver=driver.resolve().name if driver.exists() else None,
        is_removable=read_attribute(folder, "removable") == "removable",
        answers=read_number(folder, "current_link_width") != _WIDTH_OF_NOTHING,
        link=_read_link(folder),
    )


def _read_link(folder: Path) -> PciLink:
    width = read_number(folder, "current_link_width")
    # Entries of the bus are links into the tree of devices, where the port is the folder above.
    port = folder.resolve().parent
    limits = [read_number(end, "max_link_width") for end in (folder, port)]
    known = [limit for limit in limits if limit and limit != _WIDTH_OF_NOTHING]
    return PciLink(
        speed_gt_per_s=_read_speed(folder, "current_link_speed"),
        speed_max_gt_per_s=_read_speed(folder, "max_link_speed"),
        width_lanes=None if width in (0, _WIDTH_OF_NOTHING) else width,
        width_max_lanes=min(known) if known else None,
    )


def _read_speed(folder: Path, name: str) -> float | None:
    found = re.match(r"([\d.]+) GT/s", read_attribute(folder, name))
    return float(found[1]) if found else None
