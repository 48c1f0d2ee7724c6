"""The image inside of the executable, and the archives that are loaded into containerd."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from . import layout, log
from .processes import ProgramFailed, Supervisor

NAMESPACE = "k8s.io"
# What containerd reads; it looks at the content for the compression.
_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.zst")
_POLL_S = 5.0


def image_archive(reference: str, program: Path) -> bytes:
    """Put one static program into an image; the same program makes the same bytes.

    The links let programs of the host run in it where its /usr is mounted.
    """
    root = _tar(
        {program.name: program.read_bytes()},
        {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64"},
        ("etc", "proc", "sys", "tmp", "usr"),
    )
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Entrypoint": [f"/{program.name}"],
            "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            "User": "65535",
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(root).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]
    return _tar(
        {
            "config.json": json.dumps(config, sort_keys=True).encode(),
            "layer.tar": root,
            "manifest.json": json.dumps(manifest, sort_keys=True).encode(),
        }
    )


def _tar(
    files: Mapping[str, bytes], links: Mapping[str, str] | None = None, folders: tuple[str, ...] = ()
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in folders:
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(folder)
        for name, target in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def listing(folder: Path) -> list[Path]:
    """The archives in a folder that can be loaded."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name.endswith(_SUFFIXES))


class Loader:
    """Loads archives into containerd, each once for as long as its size and time stay."""

    def __init__(self, supervisor: Supervisor, ctr: Path, places: layout.Layout, snapshotter: str) -> None:
        self._supervisor = supervisor
        self._ctr = ctr
        self._folder = places.images
        self._snapshotter = snapshotter
        # Beside what it speaks of: whoever removes containerd's state removes this too.
        self._memory = places.containerd_root / "k3s-loaded-images.json"
        self._refused: dict[str, list[int]] = {}

    async def load(self, path: Path) -> None:
        """Load one archive unless that was done."""
        mark = _mark(path)
        if mark not in (self._read().get(str(path)), self._refused.get(str(path))):
            await self._import(path, str(path), mark)

    async def load_bytes(self, reference: str, archive: bytes) -> None:
        """Load an archive that lies nowhere, unless that was done."""
        mark = [len(archive), 0]
        if self._read().get(reference) != mark:
            with tempfile.NamedTemporaryFile(suffix=".tar") as file:
                file.write(archive)
                file.flush()
                await self._import(Path(file.name), reference, mark)

    async def _import(self, path: Path, name: str, mark: list[int]) -> None:
        log.info(f"Importing images from {name}")
        try:
            output = await self._supervisor.run(
                (
                    *(str(self._ctr), "--address", str(layout.CONTAINERD_SOCKET), "--namespace", NAMESPACE),
                    *("images", "import", "--snapshotter", self._snapshotter),
                    # The kubelet's garbage collection must not take what nobody could pull again.
                    *("--label", "io.cri-containerd.pinned=pinned"),
                    str(path),
                )
            )
        except ProgramFailed as error:
            self._refused[name] = mark
            log.error(f"Unable to import {name}: {error}")
            return
        log.info(f"Imported images from {name}: {' '.join(output.split())}")
        self._memory.write_text(json.dumps({**self._read(), name: mark}), encoding="utf-8")

    async def load_folder(self) -> None:
        """Load what lies in the images folder."""
        for path in listing(self._folder):
            with contextlib.suppress(FileNotFoundError):
                await self.load(path)

    async def watch_folder(self) -> None:
        """Load what is put into the images folder, once nobody writes to it any more."""
        before: dict[Path, list[int]] = {}
        while True:
            await asyncio.sleep(_POLL_S)
            now = {}
            for path in listing(self._folder):
                with contextlib.suppress(FileNotFoundError):
                    now[path] = _mark(path)
                    if before.get(path) == now[path]:
                        await self.load(path)
            before = now

    def _read(self) -> dict[str, list[int]]:
        try:
            content: dict[str, list[int]] = json.loads(self._memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content


def _mark(path: Path) -> list[int]:
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]
