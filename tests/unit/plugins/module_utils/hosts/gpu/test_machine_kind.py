"""Containers are recognised, and drivers that may own a GPU are named."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu import machine_kind as surroundings

MODULES = "nouveau 2883584 1 - Live 0x0\nvideo 77824 1 nouveau, Live 0x0\nnvidia_drm 1 0 - Live 0x0\n"


def test_a_machine_with_nouveau(tmp_path: Path) -> None:
    (tmp_path / "modules").write_text(MODULES)
    found = surroundings.read(str(tmp_path / "container"), str(tmp_path / "modules"))
    assert found == surroundings.Surroundings(False, ("nouveau",))


def test_a_container(tmp_path: Path) -> None:
    (tmp_path / "container").write_text("podman\n")
    found = surroundings.read(str(tmp_path / "container"), str(tmp_path / "modules"))
    assert found == surroundings.Surroundings(True, ())
