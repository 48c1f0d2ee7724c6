# SPDX-License-Identifier: Apache-2.0
"""What lies in a Hugging Face cache and no model needs. Reads only.

It imports nothing of this collection: what removes it runs in an engine's image, with this file beside it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_COMMIT = re.compile(r"^[0-9a-f]{40}$")
# The marks of fetch_model.py when it begins, and of it or the role model_cache when a snapshot is whole.
_LOCK, _VERIFIED = ".fetch.lock", ".verified"


class Unneeded(NamedTuple):
    """A snapshot, or with an empty commit what broken downloads left behind."""

    repository: str
    commit: str
    bytes: int


def unneeded(
    hub: Path, needed: Iterable[str], mentioned: Iterable[str] = (), named: Iterable[str] = ()
) -> list[Unneeded]:
    """What may go. ``needed`` are words as REPOSITORY[@REVISION], of which this very snapshot is kept.

    A repository that occurs anywhere in ``mentioned`` is kept whole. What somebody else put there is kept,
    too, unless its repository is in ``named``.
    """
    wanted: dict[str, set[str]] = {}
    for word in needed:
        name, _, revision = word.partition("@")
        wanted.setdefault(name, set()).add(revision or "main")
    texts, also = list(mentioned), set(named)
    found: list[Unneeded] = []
    for folder in sorted(hub.glob("models--*")):
        name = folder.name[len("models--") :].replace("--", "/")
        if folder.is_dir() and not any(name in text or folder.name in text for text in texts):
            found += _of_folder(folder, name, wanted.get(name, set()), name in also)
    return found


def _of_folder(folder: Path, name: str, revisions: set[str], is_named: bool) -> Iterator[Unneeded]:
    kept = {_commit(folder, revision) for revision in revisions}
    if "" in kept:
        return  # whatever stands for the revision may be the one
    snapshots = sorted(path for path in (folder / "snapshots").glob("*") if path.is_dir())
    going = [
        path for path in snapshots if path.name not in kept and (is_named or _is_ours(folder, path.name))
    ]
    held = {blob for path in snapshots if path not in going for blob in _blobs(path)}
    for path in going:
        blobs = _blobs(path) - held
        held |= blobs  # two snapshots that go share a file only once
        yield Unneeded(name, path.name, sum(map(_size, blobs)))
    if not revisions and (is_named or (folder / _LOCK).exists()):
        parts = sum(map(_size, (folder / "blobs").glob("*.incomplete")))
        if parts or not snapshots:
            yield Unneeded(name, "", parts)


def _commit(folder: Path, revision: str) -> str:
    """The commit that a revision means here; empty while nobody knows it."""
    if _COMMIT.match(revision):
        return revision
    try:
        return (folder / "refs" / revision).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def markers(folder: Path, commit: str) -> list[Path]:
    """Where a snapshot is noted as fetched and verified, as a whole or for its tokenizer."""
    return [folder / _VERIFIED / commit, folder / _VERIFIED / f"{commit}.tokenizer"]


def _is_ours(folder: Path, commit: str) -> bool:
    return any(marker.exists() for marker in markers(folder, commit))


def _blobs(snapshot: Path) -> set[Path]:
    return {Path(folder, name).resolve() for folder, _, names in os.walk(str(snapshot)) for name in names}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
