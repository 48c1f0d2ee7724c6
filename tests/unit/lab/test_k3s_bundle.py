"""The executable: made the same each time, unpacked once, called under several names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab.k3s import bundle
from lab.k3s.supervisor import payload
from lab.k3s.supervisor.layout import Layout

PROGRAMS = ("kube", "pause", "containerd", "containerd-shim-runc-v2", "ctr")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).write_text(f'#!/bin/sh\necho {name} "$0" "$@" $CONTAINERD_NAMESPACE\n')
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def executable(tmp_path: Path, programs: Path) -> Path:
    bundle.build(tmp_path / "k3s", programs, programs, "v1.34.2+k3s1")
    return tmp_path / "k3s"


def _call(executable: Path, data_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [executable, *words],
        capture_output=True,
        check=False,
        text=True,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "K3S_DATA_DIR": str(data_dir)},
    )


def test_same_inputs_make_the_same_bytes(tmp_path: Path, programs: Path, executable: Path) -> None:
    bundle.build(tmp_path / "again", programs, programs, "v1.34.2+k3s1")
    assert (tmp_path / "again").read_bytes() == executable.read_bytes()
    bundle.build(tmp_path / "other", programs, programs, "v1.34.3+k3s1")
    assert (tmp_path / "other").read_bytes() != executable.read_bytes()


def test_missing_program_is_named(tmp_path: Path, programs: Path) -> None:
    (programs / "pause").unlink()
    with pytest.raises(bundle.BundleError, match="pause is missing"):
        bundle.build(tmp_path / "k3s", programs, programs, "v1")


def test_says_its_version(executable: Path, tmp_path: Path) -> None:
    done = _call(executable, tmp_path / "data", "--version")
    digest = payload.read_manifest(executable).hash
    assert done.stdout.splitlines() == [f"k3s version v1.34.2+k3s1 ({digest[:8]})", "go version unknown"]


def test_becomes_its_tools(executable: Path, tmp_path: Path) -> None:
    done = _call(executable, tmp_path / "data", "ctr", "images", "ls")
    assert done.stdout.startswith("ctr "), done.stderr
    assert done.stdout.rstrip().endswith("images ls k8s.io")
    (tmp_path / "kubectl").symlink_to(executable)
    done = _call(tmp_path / "kubectl", tmp_path / "data", "get", "nodes")
    assert "/kubectl get nodes" in done.stdout


def test_refuses_readably(executable: Path, tmp_path: Path) -> None:
    done = _call(executable, tmp_path / "data", "server", "--no-such-thing=1")
    assert done.returncode == 1
    assert "level=fatal" in done.stderr
    assert "Traceback" not in done.stderr
    assert _call(executable, tmp_path / "data", "etcd-snapshot").returncode == 1


def test_keeps_this_and_the_previous_payload(tmp_path: Path, programs: Path) -> None:
    places = Layout(tmp_path / "data")
    hashes = []
    for version in ("v1", "v2", "v3"):
        bundle.build(tmp_path / version, programs, programs, version)
        manifest = payload.read_manifest(tmp_path / version)
        folder = payload.unpack(tmp_path / version, manifest, places)
        assert folder == payload.unpack(tmp_path / version, manifest, places)
        assert (folder / "kubelet").resolve() == (folder / "kube").resolve()
        hashes.append(manifest.hash)
    assert sorted(path.name for path in places.payload.iterdir() if not path.name.startswith(".")) == sorted(
        [*hashes[1:], "current", "previous"]
    )
    assert places.programs.resolve() == places.payload / hashes[-1] / "bin"


def test_go_version_is_read_from_the_program(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"ELF" + b"\xff Go buildinf:" + b"\x08\x02" + bytes(16) + b"\x08go1.26.5rest")
    assert bundle.go_version(program) == "go1.26.5"
