"""The role model_cache does nothing on a finished host, and refuses what cannot work with its fix."""

from __future__ import annotations

import getpass
import grp
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.playbook_run import run_playbook

CHECKSUM = "sha256:" + "0" * 64
ARCHIVE = {
    "repository": "Qwen/Qwen3-8B-AWQ",
    "bytes": 1000,
    "archive_url": "https://mirror.example.com/qwen.tar",
    "archive_checksum": CHECKSUM,
}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache whose folders are as they should be, and that holds one model."""
    folder = tmp_path / "cache"
    (folder / "hub/models--lab--tiny/snapshots/main").mkdir(parents=True)
    for path in (folder, folder / "hub"):
        path.chmod(0o755)
    return folder


def play(
    cache: Path, repositories: list[dict[str, Any]], *words: str, **inputs: Any
) -> subprocess.CompletedProcess[str]:
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "roles": ["inference.stack.model_cache"],
    }
    playbook = cache.parent / "play.yml"
    playbook.write_text(json.dumps([play]))
    variables = {
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "model_cache_path": str(cache),
        "model_cache_owner": getpass.getuser(),
        "model_cache_group": grp.getgrgid(os.getgid()).gr_name,
        "model_cache_reserve_bytes": 0,
        "model_cache_repositories": repositories,
        **inputs,
    }
    return run_playbook(playbook, "--check", *words, variables=variables)


def test_a_finished_host_is_looked_at_and_nothing_else(cache: Path) -> None:
    done = play(cache, [{"repository": "lab/tiny", "revision": "main"}])
    assert done.returncode == 0, done.stdout[-3000:]
    counts = dict(re.findall(r"(\w+)=(\d+)", done.stdout.partition("PLAY RECAP")[2]))
    # The inputs, the look and the checks.
    assert (counts["ok"], counts["changed"], counts["skipped"]) == ("3", "0", "2")


@pytest.mark.parametrize("tag", ["observe", "preflight", "install", "configure"])
def test_each_phase_is_safe_alone(cache: Path, tag: str) -> None:
    done = play(cache, [ARCHIVE], "--tags", tag)
    assert done.returncode == 0, done.stdout[-3000:]
    assert ("Would download https://mirror.example.com/qwen.tar" in done.stdout) is (tag == "install")


@pytest.mark.parametrize(
    ("repositories", "inputs", "words"),
    [
        ([{"repository": "a/b/c"}], {}, "Write repository as ORGANISATION/NAME"),
        ([ARCHIVE | {"archive_checksum": "md5:12"}], {}, "Qwen/Qwen3-8B-AWQ of model_cache_repositories"),
        ([ARCHIVE | {"archive_checksum": None}], {}, "give an archive_url the archive_checksum"),
        ([ARCHIVE, ARCHIVE | {"archive_checksum": ""}], {}, "give an archive_url the archive_checksum"),
        ([ARCHIVE], {"model_cache_reserve_bytes": 2**60}, "or lower model_cache_reserve_bytes"),
    ],
)
def test_what_cannot_work_is_refused(
    cache: Path, repositories: list[dict[str, Any]], inputs: dict[str, Any], words: str
) -> None:
    done = play(cache, repositories, **inputs)
    assert done.returncode == 2
    assert words in " ".join(done.stdout.split())
    assert "Would download" not in done.stdout


def test_an_image_on_the_same_disk_counts(cache: Path) -> None:
    image = {"image": "vllm/vllm-openai:v0.8.5.post1", "bytes": 2**60, "folder": str(cache.parent / "k3s")}
    done = play(cache, [ARCHIVE], model_cache_images=[image])
    assert done.returncode == 2
    told = " ".join(done.stdout.split())
    assert f"1.00 EB for vllm/vllm-openai:v0.8.5.post1 in {cache.parent}/k3s on the same file system" in told
    assert "point model_cache_path (or data-dir of k3s_config) to a larger file system" in told
    assert play(cache, [], model_cache_images=[image | {"bytes": 1}]).returncode == 0
