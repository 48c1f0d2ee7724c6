"""gpu_stack_info answers on every host, and never changes one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.hosts.stack_facts import Sources
from ansible_collections.inference.stack.plugins.module_utils.hosts.system import commands
from ansible_collections.inference.stack.plugins.module_utils.hosts.system.commands import Finished
from ansible_collections.inference.stack.plugins.modules import gpu_stack_info

from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.modules.test_gpu_info import documented_keys, returned_keys

SPECIFICATION = """\
devices:
- containerEdits:
    deviceNodes:
    - path: /dev/null
  name: "0"
kind: nvidia.com/gpu
"""
ANSWERS = {
    "journalctl": "NVRM: Xid (PCI:0000:01:00): 31, Ch 0000003b, MMU Fault\n",
    "systemctl": "LoadState=loaded\nActiveState=active\nSubState=running\n",
}


def answer(words: Sequence[str], timeout: float = 1.0) -> Finished:
    return Finished(0, ANSWERS.get(words[0], "NVIDIA Container Runtime version 1.18.0\n"), "")


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """An empty host whose programs do not answer."""
    monkeypatch.setattr(commands, "run", lambda *_words, **_limits: Finished(None, "", "cannot be run"))
    found = Sources(
        devices=str(tmp_path / "dev"),
        runtime_folders=(str(tmp_path / "bin"),),
        runtime_settings=str(tmp_path / "config.toml"),
        containerd_settings=(str(tmp_path / "containerd.toml"),),
        cdi_folders=(str(tmp_path / "cdi"),),
        kmsg=str(tmp_path / "kmsg"),
        container_mark=str(tmp_path / "container"),
        modules=str(tmp_path / "modules"),
    )
    monkeypatch.setattr(gpu_stack_info, "Sources", lambda **_options: found)
    return found


def fill(root: Path) -> None:
    for folder in ("dev", "bin", "cdi"):
        (root / folder).mkdir()
    (root / "dev/nvidia0").symlink_to("/dev/null")
    (root / "cdi/nvidia.yaml").write_text(SPECIFICATION)
    program = root / "bin/nvidia-container-runtime"
    program.write_text("")
    program.chmod(0o755)


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_an_empty_host_is_a_normal_answer(sources: Sources, run_module: ModuleRunner, check: bool) -> None:
    run = run_module(gpu_stack_info.main, check=check)
    assert not run.failed
    assert run.result["changed"] is False
    assert run.result["device_nodes"] == run.result["cdi"] == run.result["services"] == []
    assert run.result["runtime"]["path"] is None
    assert run.result["kernel_log"] == {"is_readable": False, "xids": []}


def test_everything_returned_is_documented(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_module: ModuleRunner
) -> None:
    fill(tmp_path)
    monkeypatch.setattr(commands, "run", answer)
    result: dict[str, Any] = run_module(gpu_stack_info.main).result
    for key in ("changed", "invocation"):
        result.pop(key, None)

    assert result["cdi"][0]["devices"] == ["0"]
    assert result["runtime"]["version"] == "1.18.0"
    assert documented_keys(yaml.safe_load(gpu_stack_info.RETURN)) == returned_keys(result)


def test_a_folder_of_k3s_elsewhere_is_looked_into(
    monkeypatch: pytest.MonkeyPatch, run_module: ModuleRunner
) -> None:
    asked: list[Sources] = []

    def remember(found: Sources) -> dict[str, Any]:
        asked.append(found)
        return {}

    monkeypatch.setattr(gpu_stack_info, "collect", remember)
    run_module(gpu_stack_info.main, {"k3s_data_folder": "/data/k3s"})
    assert asked[0].containerd_settings[0] == "/data/k3s/agent/etc/containerd/config.toml"
