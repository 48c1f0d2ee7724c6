# SPDX-License-Identifier: Apache-2.0
"""Reads which NVIDIA kernel module is loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

VERSION_PATH = "/proc/driver/nvidia/version"


@dataclass(frozen=True)
class KernelDriver:
    """The loaded kernel module."""

    version: str
    is_open: bool
    """NVIDIA's open kernel modules, which only GPUs since Turing can use."""


def read(path: str = VERSION_PATH) -> KernelDriver | None:
    """The loaded module, or None where there is none."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError:
        return None
    return parse(text)


def parse(text: str) -> KernelDriver | None:
    """Read the line that starts with NVRM; its form differs between open and proprietary modules."""
    for line in text.splitlines():
        found = re.match(r"NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s", f"{line} ")
        if found:
            return KernelDriver(version=found[1], is_open="Open Kernel Module" in line)
    return None
