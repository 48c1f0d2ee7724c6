"""What consumers used: nothing is counted twice, forgotten in a restart, or lost between two pods."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.roles.gateway_files import gateway_file

usage = gateway_file("inference_usage")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 23, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def spent(spending: Any, name: str | None = "n8n") -> tuple[float, float]:
    return spending.of(name, month=False), spending.of(name, month=True)


def test_days_and_months_end_in_utc(tmp_path: Path, clock: Clock) -> None:
    spending = usage.Spending(str(tmp_path), "pod", clock)
    clock.now -= timedelta(days=1)
    spending.add("n8n", 1.0)
    clock.now += timedelta(days=1)
    spending.add("n8n", 2.0)
    spending.add("other", 4.0)
    assert spent(spending) == (2.0, 3.0)
    assert spent(spending, None) == (6.0, 7.0)
    clock.now += timedelta(hours=1)
    assert spent(spending) == (0.0, 0.0)


def test_a_restart_forgets_nothing(tmp_path: Path, clock: Clock) -> None:
    usage.Spending(str(tmp_path), "pod", clock).add("n8n", 1.5)
    again = usage.Spending(str(tmp_path), "pod", clock)
    assert spent(again) == (1.5, 1.5)
    again.add("n8n", 1.0)
    assert spent(usage.Spending(str(tmp_path), "pod", clock)) == (2.5, 2.5)


def test_pods_that_share_a_folder_have_one_count(tmp_path: Path, clock: Clock) -> None:
    first, second = (usage.Spending(str(tmp_path), name, clock) for name in ("pod-a", "pod-b"))
    for turn in range(1, 4):
        first.add("n8n", 1.0)
        second.add("n8n", 2.0)
        assert spent(first) == spent(second) == (3.0 * turn, 3.0 * turn)


def test_without_a_folder_it_counts_by_itself(clock: Clock) -> None:
    spending = usage.Spending("", "pod", clock)
    spending.add("n8n", 1.0)
    assert (spent(spending), spending.trouble) == ((1.0, 1.0), "")


@pytest.mark.parametrize("content", ["{", "[]", '{"2026-11-30": 5}', '{"2026-11-30": {"n8n": "x"}}'])
def test_a_damaged_file_is_told_and_not_overwritten(tmp_path: Path, clock: Clock, content: str) -> None:
    spending = usage.Spending(str(tmp_path), "pod", clock)
    damaged = tmp_path / "old.json"
    damaged.write_text(content, encoding="utf-8")
    spending.of("n8n", month=True)
    assert spending.trouble
    spending.add("n8n", 1.0)
    assert damaged.read_text("utf-8") == content
    damaged.unlink()
    assert (spent(spending), spending.trouble) == ((1.0, 1.0), "")


def test_a_folder_that_takes_no_file_is_told(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "later"
    spending = usage.Spending(str(folder), "pod", clock)
    spending.add("n8n", 1.0)
    assert spending.trouble == "FileNotFoundError"
    folder.mkdir()
    spending.add("n8n", 1.0)
    assert (spent(spending), spending.trouble) == ((2.0, 2.0), "")


def test_files_of_past_months_go(tmp_path: Path, clock: Clock) -> None:
    past = tmp_path / "gone-1.json"
    past.write_text(json.dumps({"2026-10-31": {"n8n": 9.0}}), encoding="utf-8")
    ours = tmp_path / "gone-2.json"
    ours.write_text(json.dumps({"2026-11-01": {"n8n": 1.0}}), encoding="utf-8")
    for path in (past, ours):
        os.utime(path, (clock.now.timestamp() - 86400 * 20,) * 2)
    spending = usage.Spending(str(tmp_path), "pod", clock)
    assert not past.exists()
    assert ours.exists()
    assert spent(spending) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("moment", "day", "month"),
    [
        ("2026-11-30T23:00:00+00:00", 3600, 3600),
        ("2026-12-30T00:00:00+00:00", 86400, 2 * 86400),
        ("2028-02-28T12:00:00+00:00", 43200, 43200 + 86400),
    ],
)
def test_the_next_period(moment: str, day: int, month: int) -> None:
    now = datetime.fromisoformat(moment)
    assert (usage.until_next(now, month=False), usage.until_next(now, month=True)) == (day, month)


@pytest.mark.parametrize("value", [None, "", "0", 0, 0.0, "0.0"])
def test_nothing_and_zero_are_no_limit(value: Any) -> None:
    assert not usage.limits({"budget_day": value}).given
