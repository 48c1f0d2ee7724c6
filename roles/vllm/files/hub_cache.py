# SPDX-License-Identifier: Apache-2.0
"""One repository in the hub's own cache: what is there of it, and whether it was verified."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from fetch_progress import say

_COMMIT = re.compile(r"^[0-9a-f]{40}$")


class Repository(NamedTuple):
    name: str
    revision: str
    weights: bool = True

    @classmethod
    def parse(cls, text: str) -> Repository:
        name, _, revision = text.partition("@")
        return cls(name, revision or "main")

    @classmethod
    def parse_tokenizer(cls, text: str) -> Repository:
        return cls.parse(text)._replace(weights=False)

    def __str__(self) -> str:
        return self.name if self.revision == "main" else f"{self.name}@{self.revision[:12]}"


class File(NamedTuple):
    """A file of a repository. ``etag`` names its blob: a large one's SHA-256, a small one's Git SHA-1."""

    name: str
    size: int
    etag: str
    sha256: bool


class Cache:
    """The folder of one repository, in the form of the hub's own cache."""

    def __init__(self, hub: Path, repository: Repository) -> None:
        self.repository = repository
        self.folder = hub / ("models--" + repository.name.replace("/", "--"))
        self.blobs = self.folder / "blobs"

    def commit(self) -> str:
        """The commit that the revision means here; empty while nobody knows it."""
        if _COMMIT.match(self.repository.revision):
            return self.repository.revision
        with contextlib.suppress(OSError):
            return (self.folder / "refs" / self.repository.revision).read_text(encoding="ascii").strip()
        return ""

    def snapshot(self, commit: str) -> Path:
        return self.folder / "snapshots" / commit

    def has_snapshot(self) -> bool:
        """Whether somebody put a snapshot there, whole or not."""
        return bool(self.commit()) and self.snapshot(self.commit()).is_dir()

    def is_verified(self) -> bool:
        """Whether an earlier run verified the snapshot, and its files still have their sizes."""
        commit = self.commit()
        return any(self._agrees(commit, marker) for marker in self._markers(commit))

    def _markers(self, commit: str) -> list[Path]:
        """Where a snapshot is noted as verified; a whole one has the files of its tokenizer, too."""
        whole = self.folder / ".verified" / commit
        return [whole] if self.repository.weights else [whole.with_name(f"{commit}.tokenizer"), whole]

    def _agrees(self, commit: str, marker: Path) -> bool:
        try:
            lines = marker.read_text(encoding="utf-8").splitlines()
            return self.snapshot(commit).is_dir() and all(
                (self.snapshot(commit) / name).stat().st_size == int(size)
                for size, name in (line.split(" ", 1) for line in lines)
            )
        except (OSError, ValueError):
            return False

    def mark_verified(self, commit: str, files: Iterable[File]) -> None:
        marker = self._markers(commit)[0]
        marker.parent.mkdir(exist_ok=True)
        partial = marker.with_name(f".{commit}.{os.getpid()}")
        partial.write_text("".join(f"{file.size} {file.name}\n" for file in files), encoding="utf-8")
        partial.replace(marker)

    def blob(self, file: File) -> Path:
        return self.blobs / file.etag

    def partial(self, file: File) -> Path:
        return self.blobs / f"{file.etag}.incomplete"

    def bytes_of(self, file: File) -> int:
        """How much of a file is there."""
        return min(max(size_of(self.blob(file)), size_of(self.partial(file)), 0), file.size)

    def fits(self, file: File) -> bool:
        """Whether the file is there with its size."""
        return size_of(self.blob(file)) == file.size

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let one process at a time fill the folder: a Job and an engine may want the same model."""
        self.blobs.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".fetch.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"{self.repository}: another process fetches it, waiting")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def total_size(files: Iterable[File]) -> int:
    return sum(file.size for file in files)


def is_intact(path: Path, file: File) -> bool:
    """Whether the bytes are those that the hub names."""
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(b"blob %d\0" % file.size)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 22):
            digest.update(chunk)
    return digest.hexdigest() == file.etag


def size_of(path: Path) -> int:
    """Bytes of a file; -1 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
