# SPDX-License-Identifier: Apache-2.0
"""Reads everything between the driver and Kubernetes at once and shapes it for a task's result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .containers import cdi, services
from .containers import runtime as container_runtime
from .gpu import device_nodes, kernel_log
from .gpu import machine_kind as surroundings


@dataclass(frozen=True)
class Sources:
    """The places on a host that are read."""

    devices: str = device_nodes.DEVICES_FOLDER
    runtime_folders: Sequence[str] = container_runtime.FOLDERS
    runtime_settings: str = container_runtime.SETTINGS_PATH
    containerd_settings: Sequence[str] = container_runtime.CONTAINERD_SETTINGS
    cdi_folders: Sequence[str] = cdi.FOLDERS
    kmsg: str = kernel_log.KMSG_PATH
    container_mark: str = surroundings.CONTAINER_MARK
    modules: str = surroundings.MODULES_PATH


def collect(sources: Sources) -> dict[str, Any]:
    """Read all sources; none of them has to exist."""
    around = surroundings.read(sources.container_mark, sources.modules)
    runtime = container_runtime.read(
        sources.runtime_folders, sources.runtime_settings, sources.containerd_settings
    )
    return {
        "is_container": around.is_container,
        "kernel_modules": list(around.kernel_modules),
        "device_nodes": [_plain(node) for node in device_nodes.find_nodes(sources.devices)],
        "runtime": _plain(runtime),
        "cdi": [_plain(found) for found in cdi.find_specifications(sources.cdi_folders)],
        "services": [_plain(service) for service in services.read()],
        "kernel_log": _plain(kernel_log.read(sources.kmsg)),
    }


def _plain(record: Any) -> dict[str, Any]:
    values = asdict(record)
    # A task's result holds lists where the records hold tuples.
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
