"""What systemd says, and which files a running service has not read yet."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.system.units import (
    is_active,
    newer_files,
    read_unit,
    runs_systemd,
    started_at,
)

from tests.unit.plugins.module_utils.hosts.scripted_commands import Commands

SHOWN = """LoadState=loaded
ActiveState=active
ExecMainStartTimestamp=Tue 2025-12-09 10:11:12.123456 UTC
NRestarts=2
Description=not asked for
"""


def started(seconds_ago: float, state: str = "active") -> dict[str, str]:
    moment = datetime.fromtimestamp(time.time() - seconds_ago, tz=UTC)
    return {"ActiveState": state, "ExecMainStartTimestamp": f"{moment:%a %Y-%m-%d %H:%M:%S.%f} UTC"}


def test_a_unit_is_read_in_systemds_own_words(programs: Commands) -> None:
    programs.answers["systemctl show"] = SHOWN
    unit = read_unit("k3s.service")
    assert (unit["LoadState"], unit["NRestarts"], unit["InvocationID"]) == ("loaded", "2", "")
    assert "Description" not in unit
    assert is_active(unit)
    assert started_at(unit) == pytest.approx(1765275072.123456)
    assert programs.asked[0][-1] == "k3s.service"


def test_a_host_without_systemctl_has_no_active_unit(programs: Commands) -> None:
    unit = read_unit("k3s.service")
    assert programs.asked
    assert not is_active(unit)
    assert newer_files(unit, ["/etc/hostname"]) == []


def test_files_written_after_the_start_are_newer(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("a: b")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "some.tar").touch()
    (tmp_path / "images" / ".hidden").touch()
    patterns = [f"{tmp_path}/config.yaml", f"{tmp_path}/images/[!.]*", f"{tmp_path}/gone/*.yaml"]
    expected = [f"{tmp_path}/config.yaml", f"{tmp_path}/images/some.tar"]
    assert newer_files(started(60), patterns) == expected
    assert newer_files(started(-60), patterns) == []


@pytest.mark.parametrize("state", ["inactive", "failed"])
def test_a_service_that_does_not_run_is_not_older_than_anything(tmp_path: Path, state: str) -> None:
    (tmp_path / "config.yaml").touch()
    assert newer_files(started(60, state), [f"{tmp_path}/*"]) == []


def test_an_old_time_of_content_does_not_hide_a_rename(tmp_path: Path) -> None:
    path = tmp_path / "k3s"
    path.touch()
    os.utime(path, (0, 0))
    assert newer_files(started(60), [str(path)]) == [str(path)]


def test_systemd_leaves_a_mark(tmp_path: Path) -> None:
    assert runs_systemd(str(tmp_path))
    assert not runs_systemd(str(tmp_path / "gone"))
