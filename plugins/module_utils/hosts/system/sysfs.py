# SPDX-License-Identifier: Apache-2.0
"""Reads small attribute files of the kernel."""

from __future__ import annotations

from pathlib import Path


def read_attribute(folder: Path, name: str) -> str:
    """The attribute's text; empty where the kernel does not offer it or cannot read it."""
    try:
        return (folder / name).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def read_number(folder: Path, name: str) -> int | None:
    """The attribute as a decimal number; None where it is none."""
    text = read_attribute(folder, name)
    return int(text) if text.isdecimal() else None


def list_devices(folder: Path) -> list[Path]:
    """The entries of a bus, in a stable order; empty where the bus does not exist."""
    return sorted(folder.iterdir()) if folder.is_dir() else []
