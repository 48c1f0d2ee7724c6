# SPDX-License-Identifier: Apache-2.0
"""Reads NVIDIA's container runtime: whether it starts, its settings, and whether containerd knows it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..system import commands

NAME = "nvidia-container-runtime"
# Where k3s looks for it, in this order.
FOLDERS = ("/usr/local/nvidia/toolkit", "/usr/bin", "/usr/local/bin")
SETTINGS_PATH = "/etc/nvidia-container-runtime/config.toml"
CONTAINERD_SETTINGS = ("/var/lib/rancher/k3s/agent/etc/containerd/config.toml", "/etc/containerd/config.toml")

_MODE = re.compile(r'^\s*mode\s*=\s*"([a-z-]+)"', re.MULTILINE)
_SECTION = re.compile(r"^\[nvidia-container-runtime\]$(.*?)(?=^\[|\Z)", re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r"version (\S+)")
_MESSAGE = re.compile(r'msg="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class ContainerRuntime:
    """NVIDIA's container runtime, as it was found."""

    path: str | None
    """None where it is not installed."""
    version: str | None
    failure: str
    """Why it cannot start, in its own words; empty when it can."""
    mode: str
    """How it hands GPUs over: cdi, auto, legacy; empty where its settings do not say."""
    containerd_settings: str | None
    """The settings of containerd that were read; None where there are none."""
    is_known_to_containerd: bool


def read(
    folders: Sequence[str] = FOLDERS,
    settings_path: str = SETTINGS_PATH,
    containerd_settings: Sequence[str] = CONTAINERD_SETTINGS,
) -> ContainerRuntime:
    """Look for the runtime and try whether it starts; asking for its version makes it read its settings."""
    path = _find(folders)
    version, failure = _try(path) if path else (None, "")
    containerd, known = _ask_containerd(containerd_settings)
    return ContainerRuntime(path, version, failure, read_mode(_text(settings_path)), containerd, known)


def read_mode(settings: str) -> str:
    """The mode of the runtime's own section; other sections of the file have modes as well."""
    section = _SECTION.search(settings)
    found = _MODE.search(section[1]) if section else None
    return found[1] if found else ""


def _find(folders: Sequence[str]) -> str | None:
    for folder in folders:
        candidate = Path(folder) / NAME
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return str(candidate)
    return None


def _try(path: str) -> tuple[str | None, str]:
    done = commands.run([path, "--version"])
    version = _VERSION.search(done.output)
    if done.succeeded:
        return (version[1] if version else None), ""
    complaint = done.error.strip() or f"it ended with status {done.code}"
    told = _MESSAGE.findall(complaint)
    return (version[1] if version else None), told[-1] if told else complaint.splitlines()[-1]


def _ask_containerd(paths: Sequence[str]) -> tuple[str | None, bool]:
    for path in paths:
        text = _text(path)
        if text:
            return path, NAME in text
    return None, False


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
