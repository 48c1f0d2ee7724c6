# SPDX-License-Identifier: Apache-2.0
"""What lies in a Hugging Face cache, and what else comes onto its disk. Reads only."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..system.commands import run
from ..system.paths import compare, read_text
from .unneeded import unneeded

K3S = "/usr/local/bin/k3s"


def look(
    path: str,
    repositories: Iterable[Mapping[str, Any]],
    paths: Iterable[Mapping[str, Any]],
    images: Iterable[Mapping[str, Any]] = (),
    needed: Sequence[str] = (),
    mentioned: Sequence[str] = (),
) -> dict[str, Any]:
    """All of it in one answer."""
    cache = Path(path)
    folder = _nearest(cache)
    return {
        "absent": [
            index for index, entry in enumerate(repositories) if not has_snapshot(cache / "hub", entry)
        ],
        "folder": str(folder),
        "free_bytes": shutil.disk_usage(folder).free,
        "coming_images": [index for index, entry in enumerate(images) if _comes_here(entry, folder)],
        "unneeded": [row._asdict() for row in unneeded(cache / "hub", needed, mentioned)] if needed else [],
        "leftovers": (cache / ".incoming").exists(),
        **compare(paths)._asdict(),
    }


def has_snapshot(hub: Path, entry: Mapping[str, Any]) -> bool:
    """Whether a repository's snapshot is there; a snapshot appears complete, or not at all."""
    folder = hub / ("models--" + str(entry["repository"]).replace("/", "--"))
    revision = str(entry.get("revision") or "main")
    commit = read_text(str(folder / "refs" / revision)).strip() or revision
    return (folder / "snapshots" / commit).is_dir()


def _nearest(path: Path) -> Path:
    """The nearest folder that exists: its file system will hold the path."""
    return next(parent for parent in (path, *path.parents) if parent.is_dir())


def _comes_here(entry: Mapping[str, Any], folder: Path) -> bool:
    """Whether an image is still to be pulled onto the file system of the folder.

    It is taken for present where nobody can be asked: a finished host whose k3s is off must not be refused.
    """
    store = Path(str(entry["folder"])) / "agent" / "containerd"
    if _nearest(store).stat().st_dev != folder.stat().st_dev:
        return False
    if not store.is_dir():
        return True
    asked = run([shutil.which("k3s") or K3S, "ctr", "images", "list", "--quiet"])
    image = str(entry["image"])
    known = [line.strip() for line in asked.output.splitlines()]
    return asked.succeeded and not any(name == image or name.endswith(f"/{image}") for name in known)
