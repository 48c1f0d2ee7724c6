"""The filter catalog_row."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import catalog_row

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.planning.model_files import QWEN3_AWQ, files


def test_files_become_a_row() -> None:
    found = call(catalog_row, files(QWEN3_AWQ), "Qwen/Qwen3-8B-AWQ", gated=True, values={"head_dim": 64})
    assert list(found) == ["qwen3-8b-awq"]
    row = found["qwen3-8b-awq"]
    assert (row["layers"], row["gated"], row["head_dim"]) == (36, True, 64)


def test_what_is_missing_fails_the_task_by_its_name() -> None:
    config = {name: value for name, value in QWEN3_AWQ.items() if name != "num_hidden_layers"}
    with pytest.raises(AnsibleFilterError, match=r"hub/config\.json has no num_hidden_layers"):
        call(catalog_row, files(config), "Qwen/Qwen3-8B-AWQ")
    with pytest.raises(AnsibleFilterError, match="not a mapping of files"):
        call(catalog_row, "/models/qwen", "Qwen/Qwen3-8B-AWQ")
