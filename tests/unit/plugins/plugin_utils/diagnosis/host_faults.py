"""Faults of a GPU host, from SSH to CDI, as playbooks/steps/observe.yml sees them."""

from __future__ import annotations

from typing import Any

from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import DEGRADED, Fault, Planted


def lost_card(site: Planted) -> None:
    site.gpu.update(gpus=[], silent_gpus=[{"index": 0, "is_lost": True, "reason": "GPU is lost"}])


def no_card(site: Planted) -> None:
    site.gpu.update(gpus=[], pci_devices=[], driver={"state": "driver_not_loaded"})


def no_driver(site: Planted) -> None:
    site.gpu.update(gpus=[], driver={"state": "library_missing"})


def nouveau(site: Planted) -> None:
    no_driver(site)
    site.gpu["pci_devices"][0]["driver"] = "nouveau"
    site.stack["kernel_modules"] = ["nouveau"]


def mismatch(site: Planted) -> None:
    driver = {"state": "version_mismatch", "mismatch": True, "library": "580", "loaded": "570"}
    site.gpu.update(gpus=[], driver=driver)


def container_without_driver(site: Planted) -> None:
    no_card(site)
    site.stack["is_container"] = True


def narrow_link(site: Planted) -> None:
    site.gpu["pci_devices"][0]["link"]["width_lanes"] = 1


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
    "narrow link": (narrow_link, "pci", DEGRADED, ["1 of 4 PCI lanes"]),
    "no driver": (no_driver, "driver", DEGRADED, ["no NVIDIA driver"]),
    "no driver in a container": (container_without_driver, "driver", DEGRADED, ["kernel module"]),
    "nouveau": (nouveau, "driver", DEGRADED, ["nouveau", "Blacklist"]),
    "mismatch": (mismatch, "driver", DEGRADED, ["library 580 does not match the loaded kernel module 570"]),
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
