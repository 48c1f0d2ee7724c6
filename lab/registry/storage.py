"""Lay the images out as Docker's registry keeps them on a disk, so that it serves them without a push."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

from lab.components.component import BuildContext, Component

_ROOT = "docker/registry/v2"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIGURATION = "application/vnd.docker.container.image.v1+json"
# Compressed, as registries have them.
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def component(images: Path) -> Component:
    """The registry's disk, made from the output folder of the component images."""

    def build(output: Path, _context: BuildContext) -> None:
        write_storage(output, sorted(images.glob("*.tar")))

    return Component(
        name="registry-storage",
        kind="compile",
        estimate_s=15,
        inputs=(Path(__file__),),
        build=build,
        revision=images.name,
    )


def write_storage(output: Path, archives: list[Path]) -> None:
    """Write every image of docker-archive files below the output."""
    disk = _Disk(output / _ROOT)
    layers: dict[str, dict[str, Any]] = {}
    for path in archives:
        with tarfile.open(path) as archive:
            for image in json.loads(_read(archive, "manifest.json")):
                for name in image["Layers"]:
                    # Its name is its digest, so archives that share one call it the same.
                    if name not in layers:
                        layers[name] = disk.add_layer(archive, name)
                content = _read(archive, image["Config"])
                configuration = _described(_CONFIGURATION, disk.add(content), len(content))
                for reference in image["RepoTags"]:
                    disk.tag(reference, configuration, [layers[name] for name in image["Layers"]])


class _Disk:
    """Blobs under their digests, and repositories that link to them."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self._blob(digest).write_bytes(content)
        return digest

    def add_layer(self, archive: tarfile.TarFile, name: str) -> dict[str, Any]:
        self._root.mkdir(parents=True, exist_ok=True)
        packed = self._root / ".layer"
        source = archive.extractfile(name)
        assert source is not None
        # Without a time, so that equal layers have equal digests.
        with packed.open("wb") as target, gzip.GzipFile("", "wb", 6, target, mtime=0) as stream:
            shutil.copyfileobj(source, stream, 2**20)
        with packed.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        packed.rename(self._blob(digest))
        return _described(_LAYER, digest, self._blob(digest).stat().st_size)

    def tag(self, reference: str, configuration: dict[str, Any], layers: list[dict[str, Any]]) -> None:
        name, _, tag = reference.partition("/")[2].rpartition(":")
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": configuration,
            "layers": layers,
        }
        digest = self.add(json.dumps(manifest, sort_keys=True).encode())
        repository = self._root / "repositories" / name
        for part in (configuration, *layers):
            _link(repository / "_layers", str(part["digest"]).partition(":")[2])
        manifests = repository / "_manifests"
        _link(manifests / "revisions", digest)
        _link(manifests / "tags" / tag / "index", digest)
        current = manifests / "tags" / tag / "current/link"
        current.parent.mkdir(parents=True, exist_ok=True)
        current.write_text(f"sha256:{digest}", encoding="ascii")

    def _blob(self, digest: str) -> Path:
        folder = self._root / "blobs/sha256" / digest[:2] / digest
        folder.mkdir(parents=True, exist_ok=True)
        return folder / "data"


def _link(folder: Path, digest: str) -> None:
    path = folder / "sha256" / digest / "link"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"sha256:{digest}", encoding="ascii")


def _described(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "size": size, "digest": f"sha256:{digest}"}


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    assert stream is not None
    return stream.read()
