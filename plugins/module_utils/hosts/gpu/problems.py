# SPDX-License-Identifier: Apache-2.0
"""Says in sentences what keeps a host's GPUs from working, each with the next step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from . import nvml
from .kernel_driver import KernelDriver
from .pci import PciGpu
from .thunderbolt import ThunderboltDevice

PCI, DRIVER = "pci", "driver"


@dataclass(frozen=True)
class Problem:
    """What is wrong, how far up it was seen, and what to do next."""

    layer: str
    """PCI for the card and its cable, DRIVER for the software that speaks to it."""
    evidence: str
    next_step: str
    is_slowdown: bool = False
    """The GPU works, but not as well as it could."""

    def __str__(self) -> str:
        return f"{self.evidence}. {self.next_step}"


@dataclass(frozen=True)
class Findings:
    """Everything that was read from one host."""

    pci_gpus: tuple[PciGpu, ...]
    thunderbolt_devices: tuple[ThunderboltDevice, ...]
    kernel_driver: KernelDriver | None
    nvml: nvml.Reading

    @property
    def loaded_version(self) -> str | None:
        """The release of the loaded kernel module."""
        return self.kernel_driver.version if self.kernel_driver else self.nvml.driver_version

    @property
    def is_mismatched(self) -> bool:
        """Whether library and kernel module are of different releases, as after an unfinished upgrade."""
        if self.nvml.state is nvml.State.VERSION_MISMATCH:
            return True
        versions = {self.loaded_version, self.nvml.library_version} - {None}
        return len(versions) > 1


def diagnose(findings: Findings) -> list[Problem]:
    """What is wrong, from the cable upwards. Empty for a healthy host and for a host without a GPU."""
    return [
        *_diagnose_thunderbolt(findings),
        *_diagnose_pci(findings),
        *_diagnose_driver(findings),
        *_diagnose_gpus(findings),
    ]


def _diagnose_thunderbolt(findings: Findings) -> Iterator[Problem]:
    for device in findings.thunderbolt_devices:
        if not device.is_authorized:
            title = " ".join(part for part in (device.vendor, device.name) if part) or "device"
            yield Problem(
                PCI,
                f"Thunderbolt {title} at {device.bus_name} is not authorised, so it stays hidden",
                f"Run 'boltctl enroll --policy auto {device.unique_id}' on the host.",
            )


def _diagnose_pci(findings: Findings) -> Iterator[Problem]:
    for gpu in findings.pci_gpus:
        link = gpu.link
        if not gpu.answers:
            yield Problem(
                PCI,
                f"GPU {gpu.bus_id} does not answer on the PCI bus",
                "Check its cable and power, power it off and on, then reboot the host.",
            )
        elif link.width_lanes and link.width_max_lanes and link.width_lanes < link.width_max_lanes:
            yield Problem(
                PCI,
                f"GPU {gpu.bus_id} is connected with {link.width_lanes} of {link.width_max_lanes} PCI lanes, "
                "so models load slowly",
                "Reseat the card or its cable.",
                is_slowdown=True,
            )


def _diagnose_driver(findings: Findings) -> Iterator[Problem]:
    reading = findings.nvml
    if reading.state is nvml.State.VERSION_MISMATCH or findings.is_mismatched:
        yield Problem(
            DRIVER,
            f"The NVIDIA library {reading.library_version or 'of unknown version'} does not match the loaded "
            f"kernel module {findings.loaded_version or 'of unknown version'}",
            "Reboot the host, and hold the driver's packages against unattended upgrades.",
        )
    elif reading.state is nvml.State.LIBRARY_MISSING and findings.pci_gpus:
        yield Problem(
            DRIVER,
            "The host has an NVIDIA GPU but no NVIDIA driver (libnvidia-ml.so.1 cannot be loaded)",
            "Install the driver's packages.",
        )
    elif reading.state is nvml.State.DRIVER_NOT_LOADED and findings.pci_gpus:
        yield Problem(
            DRIVER,
            "The NVIDIA driver is installed but its kernel module is not loaded",
            "Run 'modprobe nvidia'; where that fails, 'journalctl -k' names the reason "
            "(kernel headers, Secure Boot, another driver).",
        )
    elif reading.state is nvml.State.DRIVER_NOT_LOADED:
        yield Problem(
            DRIVER,
            "The NVIDIA driver is installed but its kernel module is not loaded, and the PCI bus shows no "
            "NVIDIA GPU",
            "Check that the GPU is plugged in, powered and, behind Thunderbolt, authorised; "
            "then run 'modprobe nvidia'.",
        )
    elif reading.state is nvml.State.FAILED:
        yield Problem(
            DRIVER,
            f"The NVIDIA library cannot be used: {reading.reason}",
            "'journalctl -k' may name the reason.",
        )


def _diagnose_gpus(findings: Findings) -> Iterator[Problem]:
    reading = findings.nvml
    for silent in reading.silent_gpus:
        if silent.is_lost:
            yield Problem(
                PCI,
                f"GPU {silent.index} has fallen off the bus ({silent.reason}; the kernel log says Xid 79)",
                "Stop what uses it, check its cable and power, then reboot the host.",
            )
        else:
            yield Problem(
                DRIVER,
                f"GPU {silent.index} does not answer the driver ({silent.reason})",
                "Look at 'journalctl -k' for Xid messages.",
            )
    if reading.state is nvml.State.READY:
        for gpu in findings.pci_gpus:
            if gpu.driver != "nvidia":
                owner = f"belongs to the kernel driver {gpu.driver}" if gpu.driver else "has no kernel driver"
                yield Problem(
                    DRIVER,
                    f"GPU {gpu.bus_id} {owner} instead of nvidia",
                    "Free it from that driver (for nouveau: blacklist it) and reboot the host.",
                )
