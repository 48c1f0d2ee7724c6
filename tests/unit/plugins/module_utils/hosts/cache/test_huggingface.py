"""What lies in a Hugging Face cache."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.cache.huggingface import look

COMMIT = "0123456789abcdef"
QWEN = {"repository": "Qwen/Qwen3-8B-AWQ"}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache/hub/models--Qwen--Qwen3-8B-AWQ"
    (folder / "snapshots" / COMMIT).mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs/main").write_text(COMMIT)
    return tmp_path / "cache"


def test_snapshots_are_found_by_commit_and_by_name(cache: Path) -> None:
    wanted = [
        QWEN,
        {**QWEN, "revision": COMMIT},
        {**QWEN, "revision": ""},
        {**QWEN, "revision": "v2"},
        {"repository": "gpt2"},
    ]
    assert look(str(cache), wanted, [])["absent"] == [3, 4]


def test_a_name_that_points_nowhere_is_no_snapshot(cache: Path) -> None:
    (cache / "hub/models--Qwen--Qwen3-8B-AWQ/refs/main").write_text("fedcba")
    assert look(str(cache), [QWEN], [])["absent"] == [0]


def test_the_space_is_that_of_the_nearest_folder(tmp_path: Path) -> None:
    found = look(str(tmp_path / "not/yet/there"), [], [])
    assert found["folder"] == str(tmp_path)
    assert found["free_bytes"] > 0
    assert found["leftovers"] is False


def test_a_broken_run_leaves_its_workplace(cache: Path) -> None:
    (cache / ".incoming").mkdir()
    assert look(str(cache), [], [])["leftovers"] is True
