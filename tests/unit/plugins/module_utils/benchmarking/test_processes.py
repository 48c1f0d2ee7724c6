"""A load that one process could not carry is spread, and spreading changes no result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.benchmarking import processes
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.processes import (
    Crew,
    Run,
    processes_for,
)
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.settings import Load
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.slots import Job
from ansible_collections.inference.stack.plugins.module_utils.errors import ProbeFailed

from tests.unit.plugins.module_utils.benchmarking.jobs import KEY, job
from tests.unit.plugins.module_utils.benchmarking.talker import Talker
from tests.unit.plugins.scripted_server import ScriptedServer


def run_jobs(jobs: list[Job]) -> Run:
    with Crew() as crew:
        return crew.run(jobs)


@pytest.mark.parametrize(
    ("load", "chunks_per_second", "cores", "expected"),
    [
        (Load(concurrency=1), 50.0, 8, 1),
        (Load(concurrency=64), 40.0, 8, 1),
        (Load(concurrency=65), 1.0, 8, 2),
        (Load(concurrency=300), 1.0, 8, 5),
        (Load(concurrency=300), 1.0, 2, 2),
        (Load(concurrency=32), 400.0, 8, 5),
        (Load(concurrency=1), 9000.0, 8, 1),
        (Load(concurrency=8, processes=3), 1.0, 1, 3),
        (Load(concurrency=2, processes=9), 1.0, 8, 2),
    ],
)
def test_processes_follow_the_load(
    monkeypatch: pytest.MonkeyPatch, load: Load, chunks_per_second: float, cores: int, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(cores)))
    assert processes_for(load, chunks_per_second) == expected


@pytest.mark.parametrize("shares", [1, 2, 3])
def test_a_run_is_the_same_over_any_number_of_processes(
    server: ScriptedServer, talker: Talker, shares: int
) -> None:
    talker.first = 0.02
    jobs = [job(server.url, share, shares, concurrency=6, requests=13) for share in range(shares)]
    run = run_jobs(jobs)
    assert [request.index for request in run.measured] == list(range(13))
    assert {request.error for request in run.measured} == {""}
    assert {request.output_tokens for request in run.measured} == {3}
    assert len(run.loads) == shares
    assert all(load.wall_s > 0 and load.lags for load in run.loads)
    # Clocks of all processes agree: nobody began before the common start.
    assert min(request.sent_ns for request in run.measured) >= run.start_ns
    assert len(talker.measured()) == 13
    assert talker.most_at_once <= 6


def test_processes_that_started_too_early_are_used_or_ended(server: ScriptedServer, talker: Talker) -> None:
    before = children_of(os.getpid())
    for shares in (1, 2, 3):
        with Crew(at_least=2) as crew:
            early = set(children_of(os.getpid())) - set(before)
            assert len(early) == 2
            jobs = [job(server.url, share, shares, concurrency=3, requests=3) for share in range(shares)]
            assert len(crew.run(jobs).measured) == 3
        assert not any(map(lives, early))


def test_no_process_shows_the_key(
    server: ScriptedServer, talker: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    start = subprocess.Popen

    def watch(command: list[str], **options: Any) -> Any:
        started.append((command, options))
        return start(command, **options)

    monkeypatch.setattr(subprocess, "Popen", watch)
    run_jobs([job(server.url, share, 2, concurrency=2, requests=2) for share in range(2)])
    assert len(started) == 2
    assert KEY not in str(started)
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"


def test_a_failure_in_a_process_is_told(server: ScriptedServer, talker: Talker) -> None:
    talker.fails = ("warm-up 1-",)
    with pytest.raises(ProbeFailed, match=r"slots got no answer: .*HTTP 500"):
        run_jobs([job(server.url, share, 2, concurrency=2, requests=2) for share in range(2)])


def test_a_process_that_dies_is_told(
    server: ScriptedServer, talker: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_START", "raise SystemExit('no such thing')")
    with pytest.raises(ProbeFailed, match="a process of the client ended early: no such thing"):
        run_jobs([job(server.url, share, 2, concurrency=2, requests=2) for share in range(2)])


def wait_until(what: str, check: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not check():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether a process does anything yet; one that nobody has collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def test_no_process_stays_when_nobody_waits_for_it(server: ScriptedServer, talker: Talker) -> None:
    """A killed module must not leave a load behind: its workers see their pipe end."""
    talker.first = 0.05
    program = (
        "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
        "from tests.unit.plugins.module_utils.benchmarking.jobs import job;"
        f"from {processes.__name__} import Crew;"
        "Crew().run([job(sys.argv[2], share, 2, concurrency=2, requests=10**5) for share in range(2)])"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, json.dumps(sys.path), server.url],
        stdin=subprocess.DEVNULL,
        cwd=Path(__file__).parents[5],
    )
    try:
        wait_until("the run has not begun", lambda: len(talker.measured()) > 4)
        children = children_of(parent.pid)
        assert len(children) == 2
    finally:
        parent.kill()
        parent.wait()
    wait_until("workers are left", lambda: not any(map(lives, children)))
