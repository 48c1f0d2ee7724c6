# SPDX-License-Identifier: Apache-2.0
"""What the plan needs to know of the GPU hosts, from their variables. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....module_utils.errors import InvalidInput
from ...boundary.plain import plain

# What an inventory may say of the cards and the driver of a host.
GPUS, DRIVER = "inference_host_gpus", "inference_host_driver"


def plan_hosts(hosts: Any) -> list[dict[str, Any]]:
    """The hosts of the plan. ``hosts`` are rows of hostvars, with gpu_info's result if the host was asked.

    A host that was not asked (it is off, or --limit leaves it out) is what its inventory says.
    """
    if isinstance(hosts, (str, Mapping)):
        raise InvalidInput("The GPU hosts are no list.", "Hand over rows of hostvars.")
    return [_host(row) for row in hosts]


def _host(row: Mapping[str, Any]) -> dict[str, Any]:
    # Only these variables are read: others may hold secrets of a vault that was not opened.
    seen = plain(row.get("__inference_gpu_info") or {})
    return {
        "name": plain(row.get("inventory_hostname")),
        "gpus": plain(row.get(GPUS) or []),
        "pci_ids": [device["device_id"] for device in seen.get("pci_devices") or []],
        "driver": plain(row.get(DRIVER) or ""),
        "driver_found": (seen.get("driver") or {}).get("loaded") or "",
    }
