"""Pack the prefetched model as the archive that a site would keep on its own mirror."""

from __future__ import annotations

import tarfile
from pathlib import Path

ARCHIVE = "vllm-model.tar"


def write_model_archive(target: Path, model: Path) -> None:
    """Write ``hub/…`` of a built model; equal models give equal archives."""
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted((model / "hub").rglob("*"), key=lambda entry: entry.as_posix()):
            entry = tar.gettarinfo(path, arcname=path.relative_to(model).as_posix())
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = 0
            entry.mode = 0o755 if entry.isdir() else 0o644
            if entry.islnk():
                # A second name of the same bytes; written as a file of its own, it unpacks anywhere.
                entry.type, entry.size = tarfile.REGTYPE, path.stat().st_size
            if entry.isreg():
                with path.open("rb") as stream:
                    tar.addfile(entry, stream)
            else:
                tar.addfile(entry)
