"""What of k3s's journal names a reason."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.k3s import journal

from tests.unit.plugins.module_utils.hosts.scripted_commands import Commands


def stamped(level: str, words: str, second: int = 0) -> str:
    return f'time="2026-01-01T00:00:{second:02}Z" level={level} msg="{words}"'


@pytest.mark.parametrize(
    ("line", "is_fault"),
    [
        (stamped("error", "no route"), True),
        (stamped("fatal", "starting kubernetes"), True),
        ("E0101 00:00:00.000000 kubelet.go:1] cannot reach", True),
        ("F0101 00:00:00.000000 server.go:1] gone", True),
        ("listen tcp :6443: bind: permission denied", True),
        ("Invalid value for a flag", True),
        (stamped("info", "Running load balancer"), False),
        ("e0101 is no level", False),
        ("terrorise", False),
    ],
)
def test_lines_that_name_a_fault(line: str, is_fault: bool) -> None:
    told = journal.complaints(f"{line}\n{stamped('error', 'known')}")
    assert told[-1] == 'level=error msg="known"'
    assert (len(told) == 2) is is_fault


def test_each_fault_is_told_once_without_its_time() -> None:
    text = "\n".join(stamped("error", "no route", second) for second in range(3))
    assert journal.complaints(text) == ['level=error msg="no route"']


def test_the_last_lines_are_told_where_none_names_a_fault() -> None:
    assert journal.complaints("\n".join(f"line {number}" for number in range(20))) == [
        f"line {number}" for number in range(12, 20)
    ]
    assert journal.complaints("") == []


def test_only_the_latest_start_is_read(programs: Commands) -> None:
    programs.answers["journalctl"] = stamped("fatal", "token mismatch")
    assert journal.read("k3s-agent", "abc") == ['level=fatal msg="token mismatch"']
    (asked,) = programs.asked
    assert {"--unit=k3s-agent.service", "_SYSTEMD_INVOCATION_ID=abc"} < set(asked)
