"""The module k3s_node_info: documented, read-only, and no failure where nobody answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.inference.stack.plugins.modules import k3s_node_info

from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.modules.test_gpu_info import documented_keys, returned_keys

NODE = {"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": "True", "message": "well"}]}}


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    """A k3s whose kubectl knows one node."""
    path = tmp_path / "k3s"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(NODE)}\nEND\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("check", [True, False])
def test_a_node_is_told_with_what_it_lacks(binary: Path, run_module: ModuleRunner, check: bool) -> None:
    request = {
        "binary": str(binary),
        "name": "gpu",
        "labels": {"nvidia.com/gpu": "true"},
        "taints": ["gpu=true:NoSchedule"],
    }
    run = run_module(k3s_node_info.main, request, check=check)
    assert (run.exit_code, run.result["changed"]) == (0, False)
    assert (run.result["ready"], run.result["told"]) == (True, ["Ready=True: well"])
    assert run.result["changes"]["labels"] == ["nvidia.com/gpu=true"]
    found = {key: value for key, value in run.result.items() if key not in ("changed", "invocation")}
    assert documented_keys(yaml.safe_load(k3s_node_info.RETURN)) == returned_keys(found)


def test_a_host_without_k3s_is_a_normal_answer(tmp_path: Path, run_module: ModuleRunner) -> None:
    run = run_module(k3s_node_info.main, {"binary": str(tmp_path / "k3s"), "name": "gpu"})
    assert run.exit_code == 0
    assert run.result["answers"] is False
    assert "cannot be run" in run.result["told"][0]


def test_documentation_and_code_name_the_same_options() -> None:
    assert_same_options(documented_options(k3s_node_info), k3s_node_info.ARGUMENTS)
