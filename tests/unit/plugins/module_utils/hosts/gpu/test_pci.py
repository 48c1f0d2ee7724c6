"""GPUs are found on the PCI bus without a driver, and their links are judged by what both ends can do."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu.pci import PciLink, find_gpus

from tests.unit.plugins.module_utils.hosts.sysfs_tree import RTX_3060, PciBus


@pytest.fixture
def bus(tmp_path: Path) -> PciBus:
    return PciBus(tmp_path)


def test_a_gpu_is_read(bus: PciBus) -> None:
    bus.add("0000:01:00.0", RTX_3060, port={"max_link_width": "4"}, driver="nvidia")

    (gpu,) = find_gpus(str(bus.devices))

    assert gpu.bus_id == "0000:01:00.0"
    assert gpu.device_id == "2504"
    assert gpu.driver == "nvidia"
    assert gpu.is_removable
    assert gpu.answers
    assert gpu.link == PciLink(2.5, 16.0, width_lanes=4, width_max_lanes=4)


def test_only_nvidia_display_devices_count(bus: PciBus) -> None:
    bus.add("0000:00:02.0", {**RTX_3060, "vendor": "0x8086"})
    bus.add("0000:01:00.1", {**RTX_3060, "class": "0x040300"})
    bus.add("0000:02:00.0", {**RTX_3060, "class": "0x030200"})

    assert [gpu.bus_id for gpu in find_gpus(str(bus.devices))] == ["0000:02:00.0"]


def test_a_gpu_that_fell_off_the_bus_reads_as_all_ones(bus: PciBus) -> None:
    lost = {**RTX_3060, "current_link_width": "63", "current_link_speed": "Unknown"}
    bus.add("0000:01:00.0", lost)

    (gpu,) = find_gpus(str(bus.devices))

    assert not gpu.answers
    assert gpu.link.width_lanes is None
    assert gpu.link.speed_gt_per_s is None


def test_a_passed_through_gpu_may_have_no_link_attributes(bus: PciBus) -> None:
    bus.add("0000:01:00.0", {key: RTX_3060[key] for key in ("vendor", "device", "class")})

    (gpu,) = find_gpus(str(bus.devices))

    assert gpu.answers
    assert gpu.driver is None
    assert not gpu.is_removable
    assert gpu.link == PciLink(None, None, None, None)


def test_a_host_without_a_bus_has_no_gpus(tmp_path: Path) -> None:
    assert find_gpus(str(tmp_path / "absent")) == []
