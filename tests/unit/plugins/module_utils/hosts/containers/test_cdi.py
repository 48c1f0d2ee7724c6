"""Specifications are read without a YAML parser, and what they hand over is compared with the host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.containers import cdi

WRITTEN = """\
---
cdiVersion: 0.5.0
containerEdits:
  deviceNodes:
  - path: {root}/dev/nvidiactl
  env:
  - NVIDIA_VISIBLE_DEVICES=void
  hooks:
  - args:
    - nvidia-cdi-hook
    - update-ldcache
    - --folder
    - /usr/lib
    hookName: createContainer
    path: {root}/nvidia-cdi-hook
  mounts:
  - containerPath: /usr/lib/libcuda.so.570.195.03
    hostPath: {root}/lib/libcuda.so.570.195.03
    options:
    - ro
devices:
- containerEdits:
    deviceNodes:
    - path: {root}/dev/nvidia0
  name: "0"
- containerEdits:
    deviceNodes:
    - path: {root}/dev/nvidia0
  name: all
kind: nvidia.com/gpu
"""
# Releases differ in the order of keys and in how deep they indent.
WRITTEN_LATER = """\
---
cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
    - name: "0"
      containerEdits:
        deviceNodes:
            - path: {root}/dev/nvidia0
    - name: all
      containerEdits:
        deviceNodes:
            - path: {root}/dev/nvidia0
containerEdits:
    env:
        - NVIDIA_VISIBLE_DEVICES=void
    deviceNodes:
        - path: {root}/dev/nvidiactl
    hooks:
        - hookName: createContainer
          path: {root}/nvidia-cdi-hook
          args:
            - nvidia-cdi-hook
            - --link
            - libcuda.so.1::/usr/lib/libcuda.so
          env:
            - NVIDIA_CTK_DEBUG=false
    mounts:
        - hostPath: {root}/lib/libcuda.so.570.195.03
          containerPath: /usr/lib/libcuda.so.570.195.03
          options:
            - ro
"""
FILES = ("dev/nvidiactl", "dev/nvidia0", "nvidia-cdi-hook", "lib/libcuda.so.570.195.03")


@pytest.fixture(params=[WRITTEN, WRITTEN_LATER], ids=["sorted keys", "written order"])
def host(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "cdi").mkdir()
    (tmp_path / "cdi/nvidia.yaml").write_text(request.param.format(root=tmp_path))
    return tmp_path


def read(host: Path) -> list[cdi.Specification]:
    return cdi.find_specifications((str(host / "cdi"), str(host / "none")))


def test_what_nvidia_ctk_writes_is_read(host: Path) -> None:
    (found,) = read(host)
    assert found.devices == ("0", "all")
    assert found.missing == ()
    assert found.driver_version == "570.195.03"


@pytest.mark.parametrize("name", FILES)
def test_each_thing_that_is_gone_is_named(host: Path, name: str) -> None:
    (host / name).unlink()
    (found,) = read(host)
    assert found.missing == (str(host / name),)


def test_json_is_read_too(host: Path) -> None:
    content = {
        "kind": "nvidia.com/gpu",
        "containerEdits": {
            "mounts": [{"hostPath": str(host / "lib/libcuda.so.580.95.05"), "containerPath": "/x"}],
            "hooks": [{"path": str(host / "nvidia-cdi-hook"), "args": []}],
        },
        "devices": [{"name": "0", "containerEdits": {"deviceNodes": [{"path": str(host / "dev/nvidia0")}]}}],
    }
    (host / "cdi/nvidia.yaml").unlink()
    (host / "cdi/nvidia.json").write_text(json.dumps(content))
    (found,) = read(host)
    assert found.devices == ("0",)
    assert found.missing == (str(host / "lib/libcuda.so.580.95.05"),)
    assert found.driver_version == "580.95.05"


@pytest.mark.parametrize("text", ["", "kind: vendor.com/nic\n", "{broken", "[]", "kind: [\n", "\x00\xff"])
def test_what_describes_no_gpu_is_passed_over(host: Path, text: str) -> None:
    (host / "cdi/nvidia.yaml").write_text(text)
    assert read(host) == []


def test_a_specification_without_devices(host: Path) -> None:
    (host / "cdi/nvidia.yaml").write_text("cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices: []\n")
    (found,) = read(host)
    assert found.devices == ()
