# SPDX-License-Identifier: Apache-2.0
"""Tell what lies in the cache of the Hugging Face Hub and no model needs, and remove it.

Runs in the engine's own image with its huggingface_hub, as a Job on each node that has a cache:
``python3 prune_models.py --needed REPOSITORY[@REVISION] … [--remove]``. The last line begins with
``nothing``, ``would remove`` or ``removed``.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fetch_model import cache_folder
from fetch_progress import say, size_text
from unneeded import Unneeded, markers, unneeded


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--needed", action="append", default=[], metavar="REPOSITORY[@REVISION]")
    parser.add_argument("--mentioned", action="append", default=[], help="a text whose repositories stay")
    parser.add_argument(
        "--named", action="append", default=[], help="goes even if somebody else put it there"
    )
    parser.add_argument("--remove", action="store_true")
    options = parser.parse_args(words)
    hub = cache_folder()
    found = unneeded(hub, options.needed, options.mentioned, options.named)
    for row in found:
        say(f"{_name(row)}: {size_text(row.bytes)}")
    if not found:
        say("nothing that no model needs")
        return 0
    if not options.remove:
        say(f"would remove {_sum(found)}")
        return 0
    gone = [row for row in found if _remove(hub, row)]
    stays = f"; {_sum([row for row in found if row not in gone])} stay" if len(gone) < len(found) else ""
    say(f"{f'removed {_sum(gone)}' if gone else 'nothing was removed'}{stays}")
    return 0


def _name(row: Unneeded) -> str:
    return f"{row.repository} {row.commit[:12]}" if row.commit else f"{row.repository}, broken downloads"


def _sum(rows: list[Unneeded]) -> str:
    return (
        f"{len(rows)} {'entry' if len(rows) == 1 else 'entries'}, {size_text(sum(row.bytes for row in rows))}"
    )


def _remove(hub: Path, row: Unneeded) -> bool:
    folder = hub / ("models--" + row.repository.replace("/", "--"))
    if not folder.exists():
        return True  # it went with another snapshot of the repository
    with _alone(folder) as alone:
        reason = _try(hub, folder, row) if alone else "another process fetches into it"
    if reason:
        say(f"{_name(row)} stays: {reason}")
    return not reason


def _try(hub: Path, folder: Path, row: Unneeded) -> str:
    """Remove it; why not, if it stays."""
    try:
        if not row.commit:
            _remove_parts(folder)
        elif not _remove_snapshot(hub, row):
            return f"huggingface_hub cannot read {folder}"
        for marker in markers(folder, row.commit) if row.commit else ():
            marker.unlink(missing_ok=True)
    except OSError as error:
        return str(error)
    return "" if not row.commit or not (folder / "snapshots" / row.commit).exists() else "the client left it"


def _remove_snapshot(hub: Path, row: Unneeded) -> bool:
    """By the hub's own client, which knows what snapshots share. Whether it knows this one."""
    from huggingface_hub import scan_cache_dir

    cache = scan_cache_dir(hub)
    for repository in cache.repos:
        if (repository.repo_type, repository.repo_id) == ("model", row.repository):
            if row.commit not in [revision.commit_hash for revision in repository.revisions]:
                return False
            # Alone: a copy of the repository under another name has commits of the same name.
            replace(cache, repos=frozenset({repository})).delete_revisions(row.commit).execute()
            return True
    return False


def _remove_parts(folder: Path) -> None:
    if any((folder / "snapshots").glob("*")):
        for part in (folder / "blobs").glob("*.incomplete"):
            part.unlink()
    else:
        shutil.rmtree(folder)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether nobody fetches into the folder; nobody can while this lasts."""
    lock = folder / ".fetch.lock"
    if not lock.exists():
        yield True
        return
    with lock.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


if __name__ == "__main__":
    os.environ["HF_HUB_VERBOSITY"] = "error"
    sys.exit(main(sys.argv[1:]))
