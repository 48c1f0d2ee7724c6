# SPDX-License-Identifier: Apache-2.0
"""Judges what gpu_info saw of a host's GPUs: what keeps them from working, each with the next step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils.hosts.gpu.nvml import State

PCI, DRIVER = "pci", "driver"


@dataclass(frozen=True)
class Problem:
    """What is wrong, in which layer it was seen, and what to do next."""

    layer: str
    """PCI for the card and its cable, DRIVER for the software that uses it."""
    evidence: str
    next_step: str
    is_slowdown: bool = False
    """The GPU works, but not as well as it could."""

    def __str__(self) -> str:
        return f"{self.evidence}. {self.next_step}"


def gpu_problems(facts: Mapping[str, Any]) -> list[Problem]:
    """What is wrong, from the cable upwards. Empty for a healthy host, and without a GPU or facts."""
    return [
        *_of_thunderbolt(facts),
        *_of_pci(facts),
        *_of_driver(facts),
        *_of_gpus(facts),
    ]


def _of_thunderbolt(facts: Mapping[str, Any]) -> Iterator[Problem]:
    for device in facts.get("thunderbolt_devices") or []:
        if not device.get("is_authorized"):
            title = " ".join(str(device[key]) for key in ("vendor", "name") if device.get(key)) or "device"
            place = f" at {device['bus_name']}" if device.get("bus_name") else ""
            yield Problem(
                PCI,
                f"Thunderbolt {title}{place} is not authorised, so it stays hidden",
                f"Run 'boltctl enroll --policy auto {device.get('unique_id')}' on the host.",
            )


def _of_pci(facts: Mapping[str, Any]) -> Iterator[Problem]:
    for device in _pci_devices(facts):
        link = device.get("link") or {}
        lanes, lanes_at_most = link.get("width_lanes"), link.get("width_max_lanes")
        if not device.get("answers", True):
            yield Problem(
                PCI,
                f"GPU {device.get('bus_id')} does not answer on the PCI bus",
                "Check its cable and power, power it off and on, then reboot the host.",
            )
        elif lanes and lanes_at_most and lanes < lanes_at_most:
            yield Problem(
                PCI,
                f"GPU {device.get('bus_id')} is connected with {lanes} of {lanes_at_most} PCI lanes, "
                "so models load slowly",
                "Reseat the card or its cable.",
                is_slowdown=True,
            )


def _of_driver(facts: Mapping[str, Any]) -> Iterator[Problem]:
    driver = facts.get("driver") or {}
    state, has_gpu = driver.get("state"), bool(_pci_devices(facts))
    if state == State.VERSION_MISMATCH.value or driver.get("mismatch"):
        yield Problem(
            DRIVER,
            f"The NVIDIA library {driver.get('library') or 'of unknown version'} does not match the loaded "
            f"kernel module {driver.get('loaded') or 'of unknown version'}",
            "Reboot the host, and hold the driver's packages against unattended upgrades.",
        )
    elif state == State.LIBRARY_MISSING.value and has_gpu:
        yield Problem(
            DRIVER,
            "The host has an NVIDIA GPU but no NVIDIA driver (libnvidia-ml.so.1 cannot be loaded)",
            "Install the driver's packages.",
        )
    elif state == State.DRIVER_NOT_LOADED.value and has_gpu:
        yield Problem(
            DRIVER,
            "The NVIDIA driver is installed but its kernel module is not loaded",
            "Run 'modprobe nvidia'; if that fails, 'journalctl -k' names the reason "
            "(kernel headers, Secure Boot, another driver).",
        )
    elif state == State.DRIVER_NOT_LOADED.value:
        yield Problem(
            DRIVER,
            "The NVIDIA driver is installed but its kernel module is not loaded, and the PCI bus shows no "
            "NVIDIA GPU",
            "Check that the GPU is plugged in, powered and, behind Thunderbolt, authorised; "
            "then run 'modprobe nvidia'.",
        )
    elif state == State.FAILED.value:
        yield Problem(
            DRIVER,
            f"The NVIDIA library cannot be used: {driver.get('reason')}",
            "'journalctl -k' may name the reason.",
        )


def _of_gpus(facts: Mapping[str, Any]) -> Iterator[Problem]:
    for silent in facts.get("silent_gpus") or []:
        number, reason = silent.get("index"), silent.get("reason")
        if silent.get("is_lost"):
            yield Problem(
                PCI,
                f"GPU {number} has fallen off the bus ({reason}; the kernel log says Xid 79)",
                "Stop what uses it, check its cable and power, then reboot the host.",
            )
        else:
            yield Problem(
                DRIVER,
                f"GPU {number} does not answer the driver ({reason})",
                "Look at 'journalctl -k' for Xid messages.",
            )
    if (facts.get("driver") or {}).get("state") == State.READY.value:
        for device in _pci_devices(facts):
            owner = device.get("driver")
            if owner != "nvidia":
                told = f"belongs to the kernel driver {owner}" if owner else "has no kernel driver"
                yield Problem(
                    DRIVER,
                    f"GPU {device.get('bus_id')} {told} instead of nvidia",
                    "Free it from that driver (for nouveau: blacklist it) and reboot the host.",
                )


def _pci_devices(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return facts.get("pci_devices") or []
