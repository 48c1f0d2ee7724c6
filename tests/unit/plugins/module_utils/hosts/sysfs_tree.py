"""Builds folders that look like the kernel's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

RTX_3060 = {
    "vendor": "0x10de",
    "device": "0x2504",
    "class": "0x030000",
    "removable": "removable",
    "current_link_speed": "2.5 GT/s PCIe",
    "max_link_speed": "16.0 GT/s PCIe",
    "current_link_width": "4",
    "max_link_width": "16",
}


def write_attributes(folder: Path, attributes: Mapping[str, str]) -> None:
    """One file per attribute, ended as the kernel ends them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in attributes.items():
        (folder / name).write_text(f"{value}\n")


class PciBus:
    """A bus folder whose entries link to devices below their ports, as in /sys."""

    def __init__(self, root: Path) -> None:
        self._tree = root / "devices"
        self.devices = root / "bus/pci/devices"
        self.devices.mkdir(parents=True)

    def add(
        self,
        bus_id: str,
        attributes: Mapping[str, str],
        *,
        port: Mapping[str, str] | None = None,
        driver: str | None = None,
    ) -> None:
        port_folder = self._tree / f"port-of-{bus_id}"
        write_attributes(port_folder, port or {})
        folder = port_folder / bus_id
        write_attributes(folder, attributes)
        (self.devices / bus_id).symlink_to(folder)
        if driver:
            driver_folder = self._tree / "drivers" / driver
            driver_folder.mkdir(parents=True, exist_ok=True)
            (folder / "driver").symlink_to(driver_folder)
