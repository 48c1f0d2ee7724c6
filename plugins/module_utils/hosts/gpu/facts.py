# SPDX-License-Identifier: Apache-2.0
"""Reads everything about a host's GPUs at once and shapes it for a task's result. Judges nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from . import kernel_driver, nvml, pci, thunderbolt


@dataclass(frozen=True)
class Sources:
    """The places on a host that are read."""

    nvml_library: str = nvml.LIBRARY_NAME
    pci_devices: str = pci.DEVICES_ROOT
    thunderbolt_devices: str = thunderbolt.DEVICES_ROOT
    kernel_driver_version: str = kernel_driver.VERSION_PATH


@dataclass(frozen=True)
class Findings:
    """Everything that was read from one host."""

    pci_gpus: tuple[pci.PciGpu, ...]
    thunderbolt_devices: tuple[thunderbolt.ThunderboltDevice, ...]
    kernel_driver: kernel_driver.KernelDriver | None
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


def collect(sources: Sources) -> Findings:
    """Read all sources; none of them has to exist."""
    return Findings(
        pci_gpus=tuple(pci.find_gpus(sources.pci_devices)),
        thunderbolt_devices=tuple(thunderbolt.find_devices(sources.thunderbolt_devices)),
        kernel_driver=kernel_driver.read(sources.kernel_driver_version),
        nvml=nvml.read(sources.nvml_library),
    )


def shape(findings: Findings) -> dict[str, Any]:
    """The findings as plain values."""
    reading = findings.nvml
    return {
        "gpus": [
            {
                **_plain(gpu),
                "driver_version": reading.driver_version,
                "cuda_driver_version": reading.cuda_driver_version,
            }
            for gpu in reading.gpus
        ],
        "silent_gpus": [
            {"index": gpu.index, "is_lost": gpu.is_lost, "reason": gpu.reason} for gpu in reading.silent_gpus
        ],
        "pci_devices": [_plain(gpu) for gpu in findings.pci_gpus],
        "thunderbolt_devices": [_plain(device) for device in findings.thunderbolt_devices],
        "driver": {
            "state": reading.state.value,
            "reason": reading.reason,
            "loaded": findings.loaded_version,
            "library": reading.library_version,
            "mismatch": findings.is_mismatched,
        },
    }


def _plain(record: Any) -> dict[str, Any]:
    values = asdict(record)
    # A task's result holds lists where the records hold tuples.
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
