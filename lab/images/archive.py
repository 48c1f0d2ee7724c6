"""Write docker-archive files (what ``docker save`` writes): layers, a configuration, a manifest.

Equal inputs give equal bytes, so that an image's reference can be its fingerprint and an unchanged
archive keeps its checksum.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

REGISTRY = "lab.local/inference"
FINGERPRINT_LENGTH = 12

_EPOCH = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Layer:
    """An uncompressed tar and its digest, which is also the layer's identity."""

    path: Path
    digest: str


@dataclass(frozen=True)
class File:
    """A file that a layer brings: from the machine, or its text."""

    source: Path | None = None
    text: str = ""
    mode: int = 0o755


@dataclass(frozen=True)
class Image:
    """An image: its layers from the bottom up and how it starts."""

    name: str
    layers: Sequence[Layer]
    environment: Mapping[str, str] = field(default_factory=dict)
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def configuration(self) -> bytes:
        """The image's configuration; its digest is the image's id."""
        config: dict[str, Any] = {
            "Env": [f"{key}={value}" for key, value in sorted(self.environment.items())],
            "WorkingDir": "/",
        }
        if self.entrypoint:
            config["Entrypoint"] = list(self.entrypoint)
        if self.command:
            config["Cmd"] = list(self.command)
        if self.labels:
            config["Labels"] = dict(self.labels)
        content = {
            "architecture": "amd64",
            "config": config,
            "created": _EPOCH,
            "history": [{"created": _EPOCH} for _ in self.layers],
            "os": "linux",
            "rootfs": {"diff_ids": [f"sha256:{layer.digest}" for layer in self.layers], "type": "layers"},
        }
        return json.dumps(content, sort_keys=True).encode()

    @property
    def reference(self) -> str:
        """Registry, name and fingerprint: other contents have another reference."""
        identity = hashlib.sha256(self.configuration()).hexdigest()
        return f"{REGISTRY}/{self.name}:{identity[:FINGERPRINT_LENGTH]}"


def read_layer(path: Path) -> Layer:
    """A tar that exists already, as a layer."""
    with path.open("rb") as stream:
        return Layer(path, hashlib.file_digest(stream, "sha256").hexdigest())


def write_layer(path: Path, files: Mapping[str, File]) -> Layer:
    """Make a layer out of files; folders appear as needed."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for folder in sorted({parent for name in files for parent in _folders(name)}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for name in sorted(files):
            _add(tar, name.lstrip("/"), files[name])
    return read_layer(path)


def write_archive(path: Path, images: Iterable[Image]) -> None:
    """Write images into one archive; a layer that several have is in it once."""
    manifest = []
    written: set[str] = set()
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for image in images:
            names = []
            for layer in image.layers:
                name = f"{layer.digest}/layer.tar"
                names.append(name)
                if layer.digest not in written:
                    written.add(layer.digest)
                    _add(tar, name, File(source=layer.path, mode=0o644))
            content = image.configuration()
            configuration = f"{hashlib.sha256(content).hexdigest()}.json"
            if configuration not in written:
                written.add(configuration)
                _add_bytes(tar, configuration, content, 0o644)
            manifest.append({"Config": configuration, "RepoTags": [image.reference], "Layers": names})
        _add_bytes(tar, "manifest.json", json.dumps(manifest).encode(), 0o644)


def _folders(name: str) -> list[str]:
    return [str(parent) for parent in PurePosixPath(name.lstrip("/")).parents if str(parent) != "."]


def _add(tar: tarfile.TarFile, name: str, file: File) -> None:
    if file.source is None:
        _add_bytes(tar, name, file.text.encode(), file.mode)
        return
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = file.source.stat().st_size, file.mode
    with file.source.open("rb") as stream:
        tar.addfile(entry, stream)


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))
