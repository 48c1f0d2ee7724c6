"""The action notes runs, fails on a drop with both numbers, and in check mode notes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.inference.stack.plugins.action.benchmark_history import ARGUMENTS, ActionModule
from ansible_collections.inference.stack.plugins.modules import benchmark_history as documentation

from tests.unit.plugins.plugin_utils.history.runs import point


def note(path: Path, *points: dict[str, Any], check: bool = False, **more: Any) -> dict[str, Any]:
    arguments = {
        "path": str(path),
        "gpu": "rtx-3060-12gb",
        "image": "vllm/vllm-openai:v0.8.5.post1",
        "model": "m",
        "arguments": ["--enforce-eager"],
        "points": list(points),
        **more,
    }
    task = MagicMock(args=arguments, async_val=0, check_mode=check, diff=False)
    connection = MagicMock(_shell=SimpleNamespace(tmpdir=None, _unquote=lambda text: text))
    action = ActionModule(
        task, connection, MagicMock(check_mode=check), MagicMock(), MagicMock(), MagicMock()
    )
    return action.run(task_vars={})


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_runs_are_noted_one_line_each(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    for _ in range(2):
        done = note(path, point(60), point(110, 4), context={"driver": "570"})
        assert done["changed"] is True
        assert not done.get("failed")
    assert lines(path)[1] == done["entry"]
    assert [row["verdict"] for row in done["entry"]["judgements"]] == ["recorded", "recorded"]
    assert done["entry"]["context"] == {"driver": "570"}


@pytest.mark.parametrize("check", [False, True])
def test_a_drop_fails_with_both_numbers(tmp_path: Path, check: bool) -> None:
    path = tmp_path / "history.jsonl"
    for _ in range(5):
        note(path, point(60))
    done = note(path, point(40), check=check)
    assert done["failed"] is True
    assert "40.0 tok/s, and 5 earlier runs had 60.0 ± 1.2 tok/s" in done["msg"]
    assert done["entry"]["judgements"][0]["verdict"] == "drop"
    assert len(lines(path)) == (5 if check else 6)


def test_a_drop_may_be_told_only(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    note(path, point(60))
    done = note(path, point(40), minimum_runs=1, fail_on_drop=False)
    assert not done.get("failed")
    assert done["drops"] == ["m, concurrency 1: 40.0 tok/s, and 1 earlier run had 60.0 ± 1.2 tok/s"]


def test_a_drop_may_be_accepted(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    for _ in range(5):
        note(path, point(60))
    assert not note(path, point(40), accept=True).get("failed")
    assert not note(path, point(40)).get("failed")


def test_how_many_runs_it_takes_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    note(path, point(60), minimum_runs=1)
    assert note(path, point(40), minimum_runs=1)["failed"] is True


def test_check_mode_notes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    done = note(path, point(60), check=True)
    assert done["changed"] is True
    assert not path.exists()


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    note(Path("~/history.jsonl"), point(60))
    assert lines(tmp_path / "history.jsonl")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"points": []}, "points is empty"),
        ({"points": [{"msg": "skipped"}]}, r"points\[0\] has no figures"),
        ({"minimum_runs": "few"}, "minimum_runs"),
        ({"gpu": None}, "gpu"),
        ({"speed": 5}, "speed"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, more: dict[str, Any], told: str) -> None:
    with pytest.raises((AnsibleActionFail, AnsibleError), match=told):
        note(tmp_path / "history.jsonl", point(60), **more)
    assert not (tmp_path / "history.jsonl").exists()


def test_documentation_and_code_name_the_same_arguments() -> None:
    documented = yaml.safe_load(documentation.DOCUMENTATION)["options"]
    assert set(documented) == set(ARGUMENTS)
    for name, option in ARGUMENTS.items():
        for part in ("type", "default", "elements", "required"):
            assert documented[name].get(part) == option.get(part), (name, part)


def test_documentation_and_code_return_the_same(tmp_path: Path) -> None:
    done = note(tmp_path / "history.jsonl", point(60))
    documented = yaml.safe_load(documentation.RETURN)
    assert set(documented) == set(done) - {"changed"}
    assert set(documented["entry"]["contains"]) == set(done["entry"])
