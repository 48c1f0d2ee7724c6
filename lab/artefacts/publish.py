"""Lay out what the mirror serves, out of the cache. Nothing is copied where a link will do."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.artefacts.model_archive import ARCHIVE, write_model_archive
from lab.components.model_components import vllm_snapshot
from lab.gpu import toolkit_repository
from lab.images.recipes import PublishedImage, read_index

_CHECKSUMS = "checksums.json"


@dataclass(frozen=True)
class Parts:
    """Outputs of the components that are served."""

    k3s: Path
    """A folder with ``k3s`` in it."""
    k3s_version: str
    images: Path
    toolkit_repository: Path
    vllm_model: Path
    ollama_model: Path


@dataclass(frozen=True)
class Served:
    """A file of the mirror: its address, and the checksum of its bytes."""

    url: str
    checksum: str

    def as_dict(self) -> dict[str, str]:
        return {"url": self.url, "checksum": self.checksum}


@dataclass(frozen=True)
class Publication:
    """Everything that the mirror offers."""

    k3s: Served
    archives: dict[str, Served]
    images: list[PublishedImage]
    vllm_model: Served
    vllm_model_revision: str
    vllm_model_bytes: int
    toolkit_url: str
    toolkit_key_url: str
    toolkit_version: str


def publish(folder: Path, parts: Parts, url: str) -> Publication:
    """Fill the folder; what another version left there goes."""
    wanted = _wanted(parts)
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in wanted.items():
        _place(source, folder / name)
    model = folder / "models" / ARCHIVE
    marker = folder / "models" / f".{parts.vllm_model.name}"
    if not marker.exists():
        shutil.rmtree(model.parent, ignore_errors=True)
        model.parent.mkdir(parents=True)
        write_model_archive(model, parts.vllm_model)
        marker.touch()
    _remove_others(folder, {*wanted, f"models/{ARCHIVE}", f"models/{marker.name}", _CHECKSUMS})
    checksums = Checksums(folder / _CHECKSUMS)

    def served(name: str) -> Served:
        return Served(f"{url}/{name}", f"sha256:{checksums.of(folder / name)}")

    images = read_index(parts.images)
    snapshot = vllm_snapshot(parts.vllm_model)
    publication = Publication(
        k3s=served(_k3s_name(parts)),
        archives={name: served(f"images/{name}") for name in sorted({image.archive for image in images})},
        images=images,
        vllm_model=served(f"models/{ARCHIVE}"),
        vllm_model_revision=snapshot.name,
        vllm_model_bytes=sum(path.stat().st_size for path in snapshot.glob("*.safetensors")),
        toolkit_url=f"{url}/toolkit/{toolkit_repository.REPOSITORY_PATH}",
        toolkit_key_url=f"{url}/toolkit/{toolkit_repository.KEY_PATH}",
        toolkit_version=toolkit_repository.PACKAGE_VERSION,
    )
    checksums.save()
    return publication


class Checksums:
    """SHA-256 of files, remembered as long as a file is the same by inode, size and time."""

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        self._known: dict[str, str] = {}
        self._asked: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            self._known = json.loads(memory.read_text(encoding="utf-8"))

    def of(self, path: Path) -> str:
        state = path.stat()
        key = f"{path} {state.st_ino} {state.st_size} {state.st_mtime_ns}"
        if key not in self._known:
            with path.open("rb") as stream:
                self._known[key] = hashlib.file_digest(stream, "sha256").hexdigest()
        self._asked[key] = self._known[key]
        return self._known[key]

    def save(self) -> None:
        self._memory.write_text(json.dumps(self._asked, indent=2) + "\n", encoding="utf-8")


def _k3s_name(parts: Parts) -> str:
    return f"k3s/{parts.k3s_version}/k3s"


def _wanted(parts: Parts) -> dict[str, Path]:
    """Name on the mirror → file of the cache."""
    wanted = {_k3s_name(parts): parts.k3s / "k3s"}
    for path in sorted(parts.images.glob("*.tar")):
        wanted[f"images/{path.name}"] = path
    for prefix, root in (("toolkit", parts.toolkit_repository), ("v2", parts.ollama_model / "v2")):
        for path in sorted(root.rglob("*")):
            if path.is_file():
                wanted[f"{prefix}/{path.relative_to(root).as_posix()}"] = path
    return wanted


def _place(source: Path, target: Path) -> None:
    """Make target the same file as source, or a copy where they lie on different disks."""
    if target.exists():
        if target.samefile(source):
            return
        target.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        os.link(source, partial)
    except OSError:
        shutil.copy2(source, partial)
    partial.replace(target)


def _remove_others(folder: Path, keep: set[str]) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            with contextlib.suppress(OSError):  # not empty
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in keep:
            path.unlink()
