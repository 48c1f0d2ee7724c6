"""The runtime is tried, not only looked for, and containerd's knowledge of it is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.containers import (
    runtime as container_runtime,
)

SETTINGS = """\
[nvidia-container-cli]
mode = "wrong"

[nvidia-container-runtime]
log-level = "info"
mode = "cdi"

[nvidia-container-runtime.modes.csv]
mode = "other"
"""
HEALTHY = "#!/bin/sh\necho 'NVIDIA Container Runtime version 1.18.0'\n"
BROKEN = (
    HEALTHY
    + 'echo \'time="2026-01-01T00:00:00Z" level=error msg="error loading config: parsing error"\' >&2\n'
    "exit 1\n"
)


@pytest.fixture
def host(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "config.toml").write_text(SETTINGS)
    (tmp_path / "containerd.toml").write_text('BinaryName = "/usr/bin/nvidia-container-runtime"\n')
    return tmp_path


def install(host: Path, script: str) -> None:
    program = host / "bin" / container_runtime.NAME
    program.write_text(script)
    program.chmod(0o755)


def read(host: Path) -> container_runtime.ContainerRuntime:
    return container_runtime.read(
        (str(host / "none"), str(host / "bin")),
        str(host / "config.toml"),
        (str(host / "missing.toml"), str(host / "containerd.toml")),
    )


def test_a_runtime_that_starts(host: Path) -> None:
    install(host, HEALTHY)
    found = read(host)
    assert found.path == str(host / "bin" / container_runtime.NAME)
    assert (found.version, found.failure, found.mode) == ("1.18.0", "", "cdi")
    assert found.is_known_to_containerd
    assert found.containerd_settings == str(host / "containerd.toml")


def test_a_runtime_that_cannot_read_its_settings_says_why(host: Path) -> None:
    install(host, BROKEN)
    found = read(host)
    assert found.failure == "error loading config: parsing error"
    assert found.version == "1.18.0"


def test_a_runtime_that_is_not_installed(host: Path) -> None:
    (host / "bin" / container_runtime.NAME).write_text("not executable")
    found = read(host)
    assert found.path is None
    assert found.failure == ""


def test_containerd_that_does_not_know_it_or_is_not_there(host: Path) -> None:
    (host / "containerd.toml").write_text("version = 3\n")
    assert not read(host).is_known_to_containerd
    (host / "containerd.toml").unlink()
    assert read(host).containerd_settings is None


@pytest.mark.parametrize("settings", ["", 'mode = "cdi"\n', "[nvidia-container-runtime]\n"])
def test_settings_that_do_not_say(settings: str) -> None:
    assert container_runtime.read_mode(settings) == ""
