"""The module model_cache_info: documented and read-only."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.inference.stack.plugins.modules import model_cache_info

from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRunner


@pytest.mark.parametrize("check", [True, False])
def test_a_cache_that_is_not_there_lacks_everything(
    tmp_path: Path, run_module: ModuleRunner, check: bool
) -> None:
    cache = tmp_path / "cache"
    request = {
        "path": str(cache),
        "repositories": [{"repository": "Qwen/Qwen3-8B-AWQ", "bytes": 6100000000}],
        "paths": [{"path": str(cache), "state": "directory", "mode": "0755"}],
    }
    run = run_module(model_cache_info.main, request, check=check)
    assert run.exit_code == 0, run.result
    assert run.result["changed"] is False
    assert (run.result["absent"], run.result["folder"]) == ([0], str(tmp_path))
    assert run.result["missing"] == [str(cache)]
    documented = set(yaml.safe_load(model_cache_info.RETURN))
    assert documented == set(run.result) - {"changed", "invocation"}
    assert not cache.exists()


def test_documentation_and_code_name_the_same_options() -> None:
    assert_same_options(documented_options(model_cache_info), model_cache_info.ARGUMENTS)
