"""The action controller_file, called as Ansible calls it."""

from __future__ import annotations

import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.inference.stack.plugins.action import controller_file


def run(path: Path, content: str, check: bool = False) -> dict[str, Any]:
    task = SimpleNamespace(
        args={"path": str(path), "content": content}, check_mode=check, async_val=0, action="controller_file"
    )
    action = controller_file.ActionModule.__new__(controller_file.ActionModule)
    action._task = task
    action.validate_argument_spec = lambda argument_spec: (None, task.args)  # type: ignore[method-assign]
    action._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    action._supports_check_mode = True
    action._supports_async = False
    result: dict[str, Any] = action.run(task_vars={})
    return result


def test_a_text_is_written_whole_and_once(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    assert run(path, "{}\n") == {"changed": True, "path": str(path)}
    assert path.read_text() == "{}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert run(path, "{}\n")["changed"] is False
    assert run(path, "[]\n")["changed"] is True
    assert [one.name for one in tmp_path.iterdir()] == ["note.json"]


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    assert run(path, "{}", check=True)["changed"] is True
    assert not path.exists()


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnsibleActionFail, match=r"away/note\.json cannot be written: No such file"):
        run(tmp_path / "away" / "note.json", "{}")
