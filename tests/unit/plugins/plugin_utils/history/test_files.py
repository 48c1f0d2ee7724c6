"""A history outlives runs that are killed and runs that note at the same time."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import StackError
from ansible_collections.inference.stack.plugins.plugin_utils.history.files import append, read

RUN: dict[str, Any] = {"key": "a", "points": []}


def test_runs_come_back_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "new" / "history.jsonl"
    assert read(path) == []
    for _ in range(3):
        append(path, lambda runs: {**RUN, "before": len(runs)})
    assert [run["before"] for run in read(path)] == [0, 1, 2]
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_an_unfinished_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(json.dumps(RUN).encode() + b'\n{"key": "b", "poi\xff')
    append(path, lambda runs: RUN)
    assert read(path) == [RUN, RUN]
    assert path.read_bytes().count(b"\n") == 3


def test_lines_that_are_no_runs_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(f'7\n{{"points": 5}}\n\n{json.dumps(RUN)}\n')
    assert read(path) == [RUN]


def test_nobody_loses_a_run(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"

    def make(runs: list[dict[str, Any]]) -> dict[str, Any]:
        time.sleep(0.01)  # long enough for others to come between
        return {**RUN, "before": len(runs)}

    threads = [threading.Thread(target=append, args=(path, make)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run["before"] for run in read(path)] == list(range(12))


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"history \S+ cannot be written: .*Name another file as path"):
        append(tmp_path, lambda runs: RUN)
