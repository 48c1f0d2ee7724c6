"""The module container_toolkit_info: documented and read-only."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.inference.stack.plugins.modules import container_toolkit_info

from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRunner


@pytest.mark.parametrize("check", [True, False])
def test_whatever_the_host_has_is_told_in_full(tmp_path: Path, run_module: ModuleRunner, check: bool) -> None:
    request = {
        "packages": ["no-such-package"],
        "release": "1.18.2-1",
        "repository_url": "https://mirror.example/toolkit",
        "sources_file": str(tmp_path / "ours.sources"),
        "config_file": str(tmp_path / "config.toml"),
        "spec_file": str(tmp_path / "nvidia.yaml"),
        "k3s_data_folder": str(tmp_path / "k3s"),
        "paths": [{"path": str(tmp_path / "key.asc")}],
    }
    run = run_module(container_toolkit_info.main, request, check=check)
    assert run.exit_code == 0, run.result
    assert run.result["changed"] is False
    assert "no-such-package" not in run.result["packages"]
    assert run.result["missing"] == run.result["differing"] == [str(tmp_path / "key.asc")]
    documented = set(yaml.safe_load(container_toolkit_info.RETURN))
    assert documented == set(run.result) - {"changed", "invocation"}
    assert list(tmp_path.iterdir()) == []


def test_documentation_and_code_name_the_same_options() -> None:
    assert_same_options(documented_options(container_toolkit_info), container_toolkit_info.ARGUMENTS)
