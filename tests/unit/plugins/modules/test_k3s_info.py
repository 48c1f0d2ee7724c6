"""The module k3s_info: documented, read-only, and silent about tokens."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.inference.stack.plugins.modules import k3s_info

from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRunner


@pytest.mark.parametrize("check", [True, False])
def test_a_host_without_k3s_is_told_in_full(tmp_path: Path, run_module: ModuleRunner, check: bool) -> None:
    config = tmp_path / "config.yaml"
    request = {
        "role": "agent",
        "binary": str(tmp_path / "bin/k3s"),
        "data_folder": str(tmp_path / "data"),
        "token": "token-0123456789",
        "tools": ["a-tool-of-nobody", "sh"],
        "paths": [{"path": str(config), "mode": "0600"}],
    }
    run = run_module(k3s_info.main, request, check=check)
    assert run.exit_code == 0, run.result
    assert run.result["changed"] is False
    assert (run.result["version"], run.result["missing"]) == ("", [str(config)])
    assert run.result["free_tools"] == ["a-tool-of-nobody"]
    assert "token-0123456789" not in str(run.result)
    documented = set(yaml.safe_load(k3s_info.RETURN))
    assert documented == set(run.result) - {"changed", "invocation"}
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_k3s_does_not_know_is_refused(run_module: ModuleRunner) -> None:
    assert "server, agent" in run_module(k3s_info.main, {"role": "worker"}).result["msg"]


def test_documentation_and_code_name_the_same_options() -> None:
    assert_same_options(documented_options(k3s_info), k3s_info.ARGUMENTS)
