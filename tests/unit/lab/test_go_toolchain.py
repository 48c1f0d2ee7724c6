"""Which Go compiles the lab's parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.components import go_toolchain
from lab.components.component import output_path
from lab.components.go_toolchain import TOOLCHAIN, go_program, own_version


def go(folder: Path, told: str) -> Path:
    program = folder / "go"
    program.write_text(f"#!/bin/sh\necho {told}\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    """A cache that has the lab's own."""
    program = output_path(TOOLCHAIN, tmp_path) / "go/bin/go"
    program.parent.mkdir(parents=True)
    return program


@pytest.mark.parametrize("told", ["go1.19.8", "go1.26.4", "devel"])
def test_an_old_go_is_left_alone(
    tmp_path: Path, fetched: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setenv("PATH", str(go(tmp_path, told).parent))
    assert go_program(tmp_path) == fetched


def test_a_machine_without_go_gets_one(
    tmp_path: Path, fetched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert go_program(tmp_path) == fetched


def test_a_new_enough_go_of_the_machine_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = go(tmp_path, "go1.26.8")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert own_version(str(program)) == (1, 26, 8)
    assert go_program(tmp_path) == program
    assert go_toolchain.MINIMUM_GO <= (1, 26, 8)
