# SPDX-License-Identifier: Apache-2.0
"""What lies in a Hugging Face cache. Reads only."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..system.paths import compare, read_text


def look(
    path: str, repositories: Iterable[Mapping[str, Any]], paths: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """All of it in one answer."""
    cache = Path(path)
    folder = next(parent for parent in (cache, *cache.parents) if parent.is_dir())
    return {
        "absent": [
            index for index, entry in enumerate(repositories) if not has_snapshot(cache / "hub", entry)
        ],
        "folder": str(folder),
        "free_bytes": shutil.disk_usage(folder).free,
        "leftovers": (cache / ".incoming").exists(),
        **compare(paths)._asdict(),
    }


def has_snapshot(hub: Path, entry: Mapping[str, Any]) -> bool:
    """Whether a repository's snapshot is there; a snapshot appears complete, or not at all."""
    folder = hub / ("models--" + str(entry["repository"]).replace("/", "--"))
    revision = str(entry.get("revision") or "main")
    commit = read_text(str(folder / "refs" / revision)).strip() or revision
    return (folder / "snapshots" / commit).is_dir()
