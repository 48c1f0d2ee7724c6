"""The programs inside of the executable: they are unpacked on first use, as k3s does it."""

from __future__ import annotations

import fcntl
import json
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from . import layout
from .errors import K3sError

MANIFEST = "payload.json"


@dataclass(frozen=True)
class Manifest:
    """What the executable says of itself."""

    version: str
    hash: str
    go_version: str
    programs: tuple[str, ...]
    links: dict[str, str]
    """Names under which one of the programs acts as another."""
    pause_image: str
    """The name of the image that is made of the program ``pause``."""


def executable() -> Path:
    """The archive that this module was loaded from."""
    return Path(__file__).parent.parent


def read_manifest(archive: Path) -> Manifest:
    """Read what an executable carries."""
    try:
        with zipfile.ZipFile(archive) as content:
            fields = json.loads(content.read(MANIFEST))
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise K3sError(f"{archive} carries no programs: build it with lab.k3s.bundle") from error
    return Manifest(
        version=fields["version"],
        hash=fields["hash"],
        go_version=fields["go_version"],
        programs=tuple(fields["programs"]),
        links=fields["links"],
        pause_image=fields["pause_image"],
    )


def unpack(archive: Path, manifest: Manifest, places: layout.Layout) -> Path:
    """Return the folder with the programs; they are unpacked unless they already lie there."""
    folder = places.payload
    target = folder / manifest.hash
    current = folder / "current"
    if (target / "bin").is_dir() and _target(current) == manifest.hash:
        return target / "bin"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (target / "bin").is_dir():
                _extract(archive, manifest, folder, target)
            _point_to(folder, manifest.hash)
    except PermissionError as error:
        raise K3sError(f"unable to unpack the programs to {folder}: run this as root once") from error
    return target / "bin"


def _extract(archive: Path, manifest: Manifest, folder: Path, target: Path) -> None:
    for left in folder.glob(".partial-*"):
        shutil.rmtree(left, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder))
    programs = partial / "bin"
    programs.mkdir()
    with zipfile.ZipFile(archive) as content:
        for name in manifest.programs:
            with content.open(f"bin/{name}") as source, (programs / name).open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            (programs / name).chmod(0o755)
    for name, program in manifest.links.items():
        (programs / name).symlink_to(program)
    partial.chmod(0o755)
    partial.rename(target)


def _point_to(folder: Path, digest: str) -> None:
    """Let ``current`` name these programs and ``previous`` the ones before; others go."""
    current = folder / "current"
    before = _target(current)
    if before == digest:
        return
    for link, name in (("previous", before), ("current", digest)):
        if name:
            fresh = folder / f".{link}.new"
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(name)
            fresh.replace(folder / link)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and path.name not in (digest, before):
            shutil.rmtree(path, ignore_errors=True)


def _target(link: Path) -> str:
    return link.readlink().name if link.is_symlink() else ""
