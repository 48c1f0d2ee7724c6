"""The lookup model_folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.inference.stack.plugins.lookup.model_folder import LookupModule

from tests.unit.plugins.plugin_utils.planning.model_files import QWEN3_AWQ, index


def test_each_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(QWEN3_AWQ))
    (tmp_path / "model.safetensors.index.json").write_text(index(7))
    (found,) = LookupModule().run([str(tmp_path)])
    assert found["origin"] == str(tmp_path)
    assert json.loads(found["config"]) == QWEN3_AWQ
    assert found["index"] == index(7)


def test_a_folder_without_a_model_fails_the_task_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(AnsibleLookupError, match=r"config\.json cannot be read"):
        LookupModule().run([str(tmp_path)])
