"""Faults of a GPU host, from SSH to CDI, as playbooks/steps/observe.yml sees them."""

from __future__ import annotations

from typing import Any

from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import DEGRADED, Fault, Planted


def problem(layer: str, evidence: str, is_slowdown: bool = False) -> dict[str, Any]:
    return {"layer": layer, "evidence": evidence, "next_step": "Mend it.", "is_slowdown": is_slowdown}


def lost_card(site: Planted) -> None:
    site.gpu.update(gpus=[], diagnosis=[problem("pci", "GPU 0 has fallen off the bus")])


def no_card(site: Planted) -> None:
    site.gpu.update(gpus=[], pci_devices=[], driver={"state": "driver_not_loaded"}, diagnosis=[])


def no_driver(site: Planted) -> None:
    site.gpu.update(
        gpus=[],
        driver={"state": "library_missing"},
        diagnosis=[problem("driver", "The host has an NVIDIA GPU but no NVIDIA driver")],
    )


def nouveau(site: Planted) -> None:
    no_driver(site)
    site.gpu["pci_devices"][0]["driver"] = "nouveau"
    site.stack["kernel_modules"] = ["nouveau"]


def mismatch(site: Planted) -> None:
    site.gpu.update(
        gpus=[],
        driver={"state": "version_mismatch", "mismatch": True},
        diagnosis=[problem("driver", "The NVIDIA library 580 does not match the loaded kernel module 570")],
    )


def container_without_driver(site: Planted) -> None:
    no_card(site)
    site.stack["is_container"] = True
    site.gpu["diagnosis"] = [problem("driver", "The NVIDIA driver is installed but its kernel module is not")]


def xid(number: int, from_program: bool) -> dict[str, Any]:
    words = {"number": number, "bus_id": "0000:01:00", "message": "words", "count": 2}
    return {**words, "is_from_program": from_program}


def no_engine_endpoint(site: Planted) -> None:
    site.seen["engines"] = []


def unreachable(site: Planted) -> None:
    site.host.update(reachable=False, error="Connection timed out", gpu={}, stack={})
    no_engine_endpoint(site)


def cannot_become_root(site: Planted) -> None:
    site.host.update(error="Missing sudo password", gpu={}, stack={})
    no_engine_endpoint(site)


HOST_FAULTS: dict[str, Fault] = {
    "host away": (unreachable, "host", DEGRADED, ["Connection timed out", "ansible_host"]),
    "no root": (cannot_become_root, "host", DEGRADED, ["Missing sudo password", "root"]),
    "card lost": (lost_card, "pci", DEGRADED, ["fallen off the bus"]),
    "no card": (no_card, "pci", DEGRADED, ["PCI bus shows no NVIDIA GPU", "boltctl"]),
    "narrow link": (
        lambda site: site.gpu["diagnosis"].append(problem("pci", "1 of 4 PCI lanes", True)),
        "pci",
        DEGRADED,
        ["1 of 4"],
    ),
    "no driver": (no_driver, "driver", DEGRADED, ["no NVIDIA driver"]),
    "no driver in a container": (container_without_driver, "driver", DEGRADED, ["kernel module"]),
    "nouveau": (nouveau, "driver", DEGRADED, ["nouveau", "Blacklist"]),
    "mismatch": (mismatch, "driver", DEGRADED, ["does not match"]),
    "no GPU for the driver": (
        lambda site: site.gpu.update(gpus=[]),
        "driver",
        DEGRADED,
        ["sees no GPU", "journalctl"],
    ),
    "Xid 79 earlier": (
        lambda site: site.stack["kernel_log"].update(xids=[xid(79, False)]),
        "driver",
        DEGRADED,
        ["Xid 79", "cable"],
    ),
    "device node": (
        lambda site: site.stack["device_nodes"].pop(1),
        "device_nodes",
        DEGRADED,
        ["/dev/nvidia0 is missing", "nvidia-modprobe"],
    ),
    "control node": (
        lambda site: site.stack["device_nodes"].pop(2),
        "device_nodes",
        DEGRADED,
        ["/dev/nvidiactl is missing"],
    ),
    "file instead of a node": (
        lambda site: site.stack["device_nodes"][1].update(is_device=False),
        "device_nodes",
        DEGRADED,
        ["/dev/nvidia0 is no device"],
    ),
    "no runtime": (
        lambda site: site.stack["runtime"].update(path=None),
        "runtime",
        DEGRADED,
        ["not installed", "--tags hosts"],
    ),
    "runtime cannot start": (
        lambda site: site.stack["runtime"].update(failure="error loading config: parsing error"),
        "runtime",
        DEGRADED,
        ["parsing error", "config.toml"],
    ),
    "runtime unknown to containerd": (
        lambda site: site.stack["runtime"].update(is_known_to_containerd=False),
        "runtime",
        DEGRADED,
        ["does not name", "systemctl restart k3s-agent"],
    ),
    "no CDI": (
        lambda site: site.stack.update(cdi=[]),
        "cdi",
        DEGRADED,
        ["no file", "nvidia-ctk cdi generate"],
    ),
    "CDI without devices": (
        lambda site: site.stack["cdi"][0].update(devices=[]),
        "cdi",
        DEGRADED,
        ["names no device"],
    ),
    "CDI of an older driver": (
        lambda site: site.stack["cdi"][0].update(driver_version="550.54.14", missing=["/x"]),
        "cdi",
        DEGRADED,
        ["550.54.14", "570.195.03"],
    ),
    "CDI with files that are gone": (
        lambda site: site.stack["cdi"][0].update(missing=["/a", "/b", "/c"]),
        "cdi",
        DEGRADED,
        ["stale", "/a, /b and 1 more"],
    ),
}
