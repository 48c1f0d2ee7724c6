"""Each thing that can be wrong with a GPU is said once, with the next step, and nothing of healthy hosts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu.facts import Findings, shape
from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu.kernel_driver import KernelDriver
from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu.nvml import (
    Gpu,
    Reading,
    SilentGpu,
    State,
)
from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu.pci import PciGpu, PciLink
from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu.thunderbolt import ThunderboltDevice
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.gpu_problems import (
    DRIVER,
    PCI,
    Problem,
    gpu_problems,
)

LINK = PciLink(2.5, 16.0, width_lanes=4, width_max_lanes=4)
PCI_GPU = PciGpu("0000:01:00.0", "2504", "nvidia", is_removable=True, answers=True, link=LINK)
GPU = Gpu(0, "NVIDIA GeForce RTX 3060", "GPU-1", 12 * 2**30, 0, "8.6", "0000:01:00.0", ())
ENCLOSURE = ThunderboltDevice("0-1", "Razer", "Core X", "c401", is_authorized=True)
HEALTHY = Findings(
    pci_gpus=(PCI_GPU,),
    thunderbolt_devices=(ENCLOSURE,),
    kernel_driver=KernelDriver("570.195.03", is_open=True),
    nvml=Reading(State.READY, "", "570.195.03", "570.195.03", "12.8", (GPU,)),
)
NO_LIBRARY = Reading(State.LIBRARY_MISSING, "libnvidia-ml.so.1: cannot open shared object file")
NO_GPU = Findings(pci_gpus=(), thunderbolt_devices=(), kernel_driver=None, nvml=NO_LIBRARY)
UNLOADED = Reading(State.DRIVER_NOT_LOADED, "Driver Not Loaded", "570.195.03")
MISMATCH = Reading(State.VERSION_MISMATCH, "Driver/library version mismatch", "580.95.05")
LOST = Reading(State.READY, silent_gpus=(SilentGpu(0, 15, "GPU is lost"),))


def judge(findings: Findings) -> list[Problem]:
    """What the module returns of these findings is all that there is to judge by."""
    return gpu_problems(shape(findings))


@pytest.mark.parametrize("findings", [HEALTHY, NO_GPU], ids=["healthy", "no GPU"])
def test_nothing_is_said_about_a_host_that_is_as_it_should_be(findings: Findings) -> None:
    assert judge(findings) == []


@pytest.mark.parametrize("facts", [{}, {"driver": {}}, {"gpus": None, "pci_devices": [{}]}])
def test_nothing_is_said_about_what_nobody_saw(facts: dict[str, Any]) -> None:
    assert gpu_problems(facts) == []


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        (
            replace(HEALTHY, thunderbolt_devices=(replace(ENCLOSURE, is_authorized=False),)),
            ("Razer Core X", "not authorised", "boltctl enroll --policy auto c401"),
        ),
        (
            replace(HEALTHY, pci_gpus=(replace(PCI_GPU, answers=False),)),
            ("0000:01:00.0", "does not answer", "reboot the host"),
        ),
        (
            replace(HEALTHY, pci_gpus=(replace(PCI_GPU, link=replace(LINK, width_lanes=1)),)),
            ("1 of 4 PCI lanes", "Reseat"),
        ),
        (
            replace(HEALTHY, pci_gpus=(replace(PCI_GPU, driver="vfio-pci"),)),
            ("belongs to the kernel driver vfio-pci", "Free it"),
        ),
        (
            replace(HEALTHY, pci_gpus=(replace(PCI_GPU, driver=None),)),
            ("has no kernel driver", "reboot the host"),
        ),
        (replace(HEALTHY, nvml=NO_LIBRARY), ("no NVIDIA driver", "Install the driver's packages")),
        (replace(HEALTHY, nvml=UNLOADED), ("not loaded", "modprobe nvidia")),
        (replace(NO_GPU, nvml=UNLOADED), ("shows no NVIDIA GPU", "plugged in")),
        (
            replace(HEALTHY, nvml=MISMATCH),
            ("library 580.95.05 does not match", "module 570.195.03", "Reboot the host"),
        ),
        (
            replace(HEALTHY, kernel_driver=KernelDriver("550.54", is_open=False)),
            ("library 570.195.03 does not match", "module 550.54"),
        ),
        (replace(HEALTHY, nvml=Reading(State.FAILED, "Unknown Error")), ("Unknown Error", "journalctl -k")),
        (replace(HEALTHY, nvml=LOST), ("GPU 0 has fallen off the bus", "Xid 79", "reboot the host")),
        (
            replace(HEALTHY, nvml=replace(LOST, silent_gpus=(SilentGpu(1, 999, "Unknown Error"),))),
            ("GPU 1 does not answer the driver (Unknown Error)", "journalctl -k"),
        ),
    ],
)
def test_what_is_wrong_is_said_once(findings: Findings, words: tuple[str, ...]) -> None:
    (problem,) = judge(findings)
    for word in words:
        assert word in str(problem)


def test_problems_are_told_from_the_cable_upwards() -> None:
    findings = replace(
        HEALTHY, thunderbolt_devices=(replace(ENCLOSURE, is_authorized=False),), nvml=LOST, pci_gpus=()
    )
    first, second = judge(findings)
    assert "Thunderbolt" in first.evidence
    assert "fallen off the bus" in second.evidence


@pytest.mark.parametrize(
    ("findings", "layer", "is_slowdown"),
    [
        (replace(HEALTHY, thunderbolt_devices=(replace(ENCLOSURE, is_authorized=False),)), PCI, False),
        (replace(HEALTHY, pci_gpus=(replace(PCI_GPU, answers=False),)), PCI, False),
        (replace(HEALTHY, pci_gpus=(replace(PCI_GPU, link=replace(LINK, width_lanes=1)),)), PCI, True),
        (replace(HEALTHY, pci_gpus=(replace(PCI_GPU, driver="nouveau"),)), DRIVER, False),
        (replace(HEALTHY, nvml=LOST), PCI, False),
        (replace(HEALTHY, nvml=MISMATCH), DRIVER, False),
        (replace(HEALTHY, nvml=UNLOADED), DRIVER, False),
    ],
)
def test_each_problem_says_where_it_was_seen(findings: Findings, layer: str, is_slowdown: bool) -> None:
    (problem,) = judge(findings)
    assert (problem.layer, problem.is_slowdown) == (layer, is_slowdown)
