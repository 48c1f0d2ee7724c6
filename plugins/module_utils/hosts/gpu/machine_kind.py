# SPDX-License-Identifier: Apache-2.0
"""Reads what kind of machine a host is, as far as it matters for GPUs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CONTAINER_MARK = "/run/systemd/container"
MODULES_PATH = "/proc/modules"
DRIVERS = ("nvidia", "nvidia_uvm", "nouveau", "vfio_pci")


@dataclass(frozen=True)
class Surroundings:
    """A container shares the machine's kernel and may not see the machine's buses."""

    is_container: bool
    kernel_modules: tuple[str, ...]
    """Loaded modules that may own a GPU."""


def read(container_mark: str = CONTAINER_MARK, modules_path: str = MODULES_PATH) -> Surroundings:
    try:
        text = Path(modules_path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    loaded = {line.split()[0] for line in text.splitlines() if line.strip()}
    return Surroundings(
        is_container=Path(container_mark).exists(),
        kernel_modules=tuple(name for name in DRIVERS if name in loaded),
    )
