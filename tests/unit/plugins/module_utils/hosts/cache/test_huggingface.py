"""What lies in a Hugging Face cache."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.cache import huggingface
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


IMAGE = "vllm/vllm-openai:v0.8.5.post1"


@pytest.fixture
def k3s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a store of images, and the k3s that is asked about it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    (tmp_path / "k3s/agent/containerd").mkdir(parents=True)
    return tmp_path / "k3s"


def coming(cache: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str = "") -> list[int]:
    program = cache.parent / "bin/k3s"
    if answer:
        program.write_text(f"#!/bin/sh\n{answer}\n")
        program.chmod(0o755)
    monkeypatch.setattr(huggingface, "K3S", str(program))
    images = [{"image": IMAGE, "bytes": 1, "folder": str(folder)}]
    found: list[int] = look(str(cache), [], [], images)["coming_images"]
    return found


@pytest.mark.parametrize(
    ("answer", "comes"),
    [
        ("echo docker.io/library/busybox:1", [0]),
        (f"echo docker.io/library/busybox:1; echo docker.io/{IMAGE}", []),
        (f"echo {IMAGE}", []),
        # A finished host whose k3s is off, or has no such command.
        ("exit 1", []),
        ("", []),
    ],
)
def test_an_image_takes_space_until_k3s_has_it(
    cache: Path, k3s: Path, monkeypatch: pytest.MonkeyPatch, answer: str, comes: list[int]
) -> None:
    assert coming(cache, k3s, monkeypatch, answer) == comes


def test_a_bare_host_has_no_image(cache: Path, k3s: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert coming(cache, cache.parent / "not/yet", monkeypatch) == [0]


def test_an_image_on_another_file_system_takes_nothing_here(
    cache: Path, k3s: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert coming(cache, Path("/proc"), monkeypatch) == []


def test_what_may_go_is_looked_for_only_when_it_is_known_what_stays(cache: Path) -> None:
    folder = cache / "hub/models--Qwen--Qwen3-8B-AWQ"
    (folder / ".verified").mkdir()
    (folder / ".verified" / COMMIT).touch()
    assert look(str(cache), [], [])["unneeded"] == []
    gone = {"repository": "Qwen/Qwen3-8B-AWQ", "commit": COMMIT, "bytes": 0}
    assert look(str(cache), [], [], needed=["org/other@main"])["unneeded"] == [gone]
    assert look(str(cache), [], [], needed=["Qwen/Qwen3-8B-AWQ@main"])["unneeded"] == []
