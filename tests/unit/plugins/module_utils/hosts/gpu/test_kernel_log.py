"""Reports of the driver are found in every form that its releases write, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu import kernel_log
from ansible_collections.inference.stack.plugins.module_utils.hosts.system import commands
from ansible_collections.inference.stack.plugins.module_utils.hosts.system.commands import Finished

OFF_BUS = "NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."


@pytest.mark.parametrize(
    ("line", "number", "bus_id"),
    [
        (OFF_BUS, 79, "0000:01:00"),
        (f"3,1234,5678,-;{OFF_BUS}", 79, "0000:01:00"),
        ("NVRM: Xid (PCI:0000:0A:00): 31, Ch 0000003b, MMU Fault: ENGINE GRAPHICS", 31, "0000:0a:00"),
        ("NVRM: Xid (0000:01:00): 13, 0005 00000000 0000502d", 13, "0000:01:00"),
        ("NVRM: Xid (PCI:0000:01:00 GPU-I:05): 94, Contained error", 94, "0000:01:00"),
        ("[ 12.3] NVRM: Xid (PCI:0000:81:00): 119, Timeout after 6s of waiting for RPC", 119, "0000:81:00"),
    ],
)
def test_every_form_is_read(line: str, number: int, bus_id: str) -> None:
    (xid,) = kernel_log.parse([line])
    assert (xid.number, xid.bus_id, xid.count) == (number, bus_id, 1)


def test_equal_reports_are_counted_and_the_newest_words_stay() -> None:
    lines = [f"NVRM: Xid (PCI:0000:01:00): 31, fault {index}" for index in range(3)]
    found = kernel_log.parse([*lines, "nothing of interest", OFF_BUS])

    assert [(xid.number, xid.count) for xid in found] == [(31, 3), (79, 1)]
    assert found[0].message == "fault 2"
    assert found[0].is_from_program
    assert not found[1].is_from_program


def test_a_flood_stays_short() -> None:
    lines = [f"NVRM: Xid (PCI:0000:{bus:02x}:00): 31, fault" for bus in range(200)]
    assert len(kernel_log.parse(lines)) <= 20


class Journal:
    """What journalctl would answer."""

    def __init__(self, finished: Finished) -> None:
        self.finished = finished

    def __call__(self, words: Sequence[str], timeout: float = 1.0) -> Finished:
        assert words[0] == "journalctl"
        return self.finished


def test_the_journal_is_asked_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(commands, "run", Journal(Finished(0, f"boot\n{OFF_BUS}\n", "")))
    log = kernel_log.read(str(tmp_path / "kmsg"))
    assert log.is_readable
    assert [xid.number for xid in log.xids] == [79]


def test_without_a_journal_the_ring_buffer_tells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(commands, "run", Journal(Finished(None, "", "journalctl cannot be run")))
    (tmp_path / "kmsg").write_text(f"3,1,1,-;{OFF_BUS}\n")
    log = kernel_log.read(str(tmp_path / "kmsg"))
    assert [xid.number for xid in log.xids] == [79]


def test_a_log_that_nobody_may_read_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(commands, "run", Journal(Finished(1, "", "no permission")))
    assert kernel_log.read(str(tmp_path / "kmsg")) == kernel_log.KernelLog(False)
