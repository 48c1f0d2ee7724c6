# SPDX-License-Identifier: Apache-2.0
"""Finds the files in /dev through which programs reach the NVIDIA driver."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path

DEVICES_FOLDER = "/dev"
# Without the first nothing starts; without the second CUDA does not.
CONTROL, MEMORY = "nvidiactl", "nvidia-uvm"

_CARD = re.compile(r"nvidia\d+$")


@dataclass(frozen=True)
class DeviceNode:
    """One such file."""

    path: str
    is_card: bool
    """Belongs to one GPU, as /dev/nvidia0 does."""
    is_device: bool
    """False for an ordinary file in its place, as a broken bind mount leaves it."""


def find_nodes(folder: str = DEVICES_FOLDER) -> list[DeviceNode]:
    """All that exist, in the order of their names."""
    root = Path(folder)
    if not root.is_dir():
        return []
    return [_read(path) for path in sorted(root.iterdir()) if _is_ours(path.name)]


def _is_ours(name: str) -> bool:
    return name in (CONTROL, MEMORY) or bool(_CARD.match(name))


def _read(path: Path) -> DeviceNode:
    try:
        is_device = stat.S_ISCHR(path.stat().st_mode)
    except OSError:
        is_device = False
    return DeviceNode(str(path), bool(_CARD.match(path.name)), is_device)
