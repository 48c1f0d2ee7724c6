"""Thunderbolt devices tell whether the host lets them in."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu.thunderbolt import (
    ThunderboltDevice,
    find_devices,
)

from tests.unit.plugins.module_utils.hosts.sysfs_tree import write_attributes

ENCLOSURE = {"vendor_name": "Razer", "device_name": "Core X", "unique_id": "c4010000-0060"}


@pytest.mark.parametrize(("authorized", "expected"), [("0", False), ("1", True), ("2", True)])
def test_an_enclosure_is_read(tmp_path: Path, authorized: str, expected: bool) -> None:
    write_attributes(tmp_path / "0-1", {**ENCLOSURE, "authorized": authorized})

    assert find_devices(str(tmp_path)) == [
        ThunderboltDevice("0-1", "Razer", "Core X", "c4010000-0060", is_authorized=expected)
    ]


def test_domains_ports_and_the_host_itself_are_no_devices(tmp_path: Path) -> None:
    write_attributes(tmp_path / "domain0", {"security": "user"})
    write_attributes(tmp_path / "0-0", {"authorized": "1", "device_name": "Host"})
    write_attributes(tmp_path / "usb4_port1", {"link": "usb4"})

    assert find_devices(str(tmp_path)) == []


def test_a_host_without_thunderbolt_has_no_devices(tmp_path: Path) -> None:
    assert find_devices(str(tmp_path / "absent")) == []
