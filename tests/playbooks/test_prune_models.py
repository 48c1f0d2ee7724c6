"""What leaves a cache when nobody needs it: the hub's real client removes what the real program fetched."""

from __future__ import annotations

import fcntl
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.playbooks.test_fetch_model import ROOT, Hub, hub

__all__ = ["hub"]

FILES = ROOT / "roles/vllm/files"
RULES = ROOT / "plugins/module_utils/hosts/cache"


def prune(hub: Hub, *words: str) -> list[str]:
    """The program as a pod runs it: all its files in one folder."""
    folder = hub.home.parent / "programs"
    folder.mkdir(exist_ok=True)
    for path in (*FILES.glob("*.py"), RULES / "unneeded.py"):
        (folder / path.name).write_bytes(path.read_bytes())
    done = subprocess.run(
        [sys.executable, str(folder / "prune_models.py"), *words],
        env=hub.environment(HF_HUB_OFFLINE="1"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def add(hub: Hub, name: str, seed: int = 2, size: int = 300_000) -> str:
    """Another model of the hub, or other weights of it; its name with the commit that it has now."""
    folder = hub.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(random.Random(seed).randbytes(size))
    (folder / "config.json").write_text("{}")
    assert hub.fetch(name).returncode == 0
    commit = (cache(hub, name) / "refs/main").read_text().strip()
    return f"{name}@{commit}"


def cache(hub: Hub, name: str) -> Path:
    return hub.home / "hub" / f"models--{name.replace('/', '--')}"


def files(hub: Hub) -> list[str]:
    return sorted(str(path) for path in hub.home.rglob("*"))


def test_nothing_goes_while_every_model_is_needed(hub: Hub) -> None:
    add(hub, "org/left")
    before = files(hub)
    needed = ("--needed=org/model", "--needed=org/left@main", "--remove")
    assert hub.fetch("org/model").returncode == 0
    before = files(hub)
    assert prune(hub, *needed) == ["nothing that no model needs"]
    assert files(hub) == before


def test_a_model_that_left_is_told_first_and_then_removed(hub: Hub) -> None:
    assert hub.fetch("org/model").returncode == 0
    commit = add(hub, "org/left").partition("@")[2]
    before = files(hub)
    told = prune(hub, "--needed=org/model")
    assert told == [f"org/left {commit[:12]}: 300.0 kB", "would remove 1 entry, 300.0 kB"]
    assert files(hub) == before
    assert prune(hub, "--needed=org/model", "--remove")[-1] == "removed 1 entry, 300.0 kB"
    assert not cache(hub, "org/left").exists()
    assert hub.digest() == hub.wanted_digest()
    # What stays is still known as verified.
    assert hub.fetch("org/model", HF_ENDPOINT="http://127.0.0.1:9").stdout == "org/model: is there\n"


def test_an_old_revision_goes_without_what_the_new_one_shares(hub: Hub) -> None:
    old = add(hub, "org/left")
    (cache(hub, "org/left") / "refs/main").unlink()
    new = add(hub, "org/left", seed=3)
    assert old != new
    assert prune(hub, f"--needed={new}", "--remove")[-1] == "removed 1 entry, 300.0 kB"
    (left,) = (cache(hub, "org/left") / "snapshots").iterdir()
    assert new.endswith(left.name)
    assert (left / "config.json").read_text() == "{}"
    assert [path.name for path in (cache(hub, "org/left") / ".verified").iterdir()] == [left.name]


@pytest.mark.parametrize("needed", ["--needed=org/left@v1", '--mentioned={"model": "org/left"}'])
def test_what_may_be_needed_stays(hub: Hub, needed: str) -> None:
    """A branch that nobody resolved here, and what an engine's argument names."""
    add(hub, "org/left")
    assert prune(hub, needed, "--remove") == ["nothing that no model needs"]


def test_what_somebody_else_put_there_goes_only_by_name(hub: Hub) -> None:
    commit = add(hub, "org/left").partition("@")[2]
    (cache(hub, "org/left") / ".verified" / commit).unlink()
    (cache(hub, "org/left") / ".fetch.lock").unlink()
    assert prune(hub, "--remove") == ["nothing that no model needs"]
    assert prune(hub, "--named=org/left", "--remove")[-1] == "removed 1 entry, 300.0 kB"
    assert not cache(hub, "org/left").exists()


def test_broken_downloads_of_a_model_that_left_go(hub: Hub) -> None:
    assert hub.fetch("org/model").returncode == 0
    folder = cache(hub, "org/broken")
    (folder / "blobs").mkdir(parents=True)
    (folder / "blobs/abc.incomplete").write_bytes(b"x" * 5000)
    assert prune(hub, "--needed=org/model", "--remove") == ["nothing that no model needs"]
    (folder / ".fetch.lock").touch()
    # Somebody may still be fetching it.
    assert prune(hub, "--needed=org/model", "--needed=org/broken", "--remove") == [
        "nothing that no model needs"
    ]
    assert prune(hub, "--needed=org/model", "--remove")[-1].startswith("removed 1 entry, 5")
    assert not folder.exists()


def test_a_copy_under_another_name_has_the_same_commits(hub: Hub) -> None:
    commit = add(hub, "org/left").partition("@")[2]
    (hub.folder / "org/copy.commit").write_text(commit)
    add(hub, "org/copy")
    assert prune(hub, "--needed=org/copy", "--remove")[-1] == "removed 1 entry, 300.0 kB"
    assert not cache(hub, "org/left").exists()
    assert (cache(hub, "org/copy") / "snapshots" / commit / "model.safetensors").exists()


def test_a_folder_into_which_somebody_fetches_stays(hub: Hub) -> None:
    add(hub, "org/left")
    with (cache(hub, "org/left") / ".fetch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = prune(hub, "--remove")
    assert "stays: another process fetches into it" in told[1]
    assert told[-1] == "nothing was removed; 1 entry, 300.0 kB stay"
    assert cache(hub, "org/left").exists()


def test_what_the_client_cannot_read_stays(hub: Hub) -> None:
    commit = add(hub, "org/left").partition("@")[2]
    (cache(hub, "org/left") / "snapshots" / commit / "config.json").resolve().unlink()
    assert "stays: huggingface_hub cannot read" in prune(hub, "--remove")[1]
