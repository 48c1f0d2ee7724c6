"""Processes work for the one that started them, whether they are forks or new Pythons, and end with it."""

from __future__ import annotations

import os
import statistics
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.benchmarking import children
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.processes import Crew
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.slots import Job
from ansible_collections.inference.stack.plugins.module_utils.errors import ProbeFailed

from tests.unit.plugins.module_utils.benchmarking.jobs import KEY, job
from tests.unit.plugins.module_utils.benchmarking.lone_run import (
    FORKED,
    NEW,
    children_of,
    lives,
    run_alone,
    sockets_of,
    start_alone,
    wait_until,
)
from tests.unit.plugins.module_utils.benchmarking.talker import Talker
from tests.unit.plugins.scripted_server import ScriptedServer


def two_jobs(url: str, requests: int = 2) -> list[Job]:
    return [job(url, share, 2, concurrency=2, requests=requests) for share in range(2)]


@pytest.mark.parametrize("shares", [2, 3])
def test_forks_measure_the_same_as_new_processes(server: ScriptedServer, talker: Talker, shares: int) -> None:
    jobs = [job(server.url, share, shares, concurrency=6, requests=13) for share in range(shares)]
    for way, forks in ((FORKED, shares), (NEW, 0)):
        seen = run_alone(jobs, way)
        assert (seen["error"], seen["forks"], seen["processes"]) == ("", forks, shares)
        assert [request["index"] for request in seen["measured"]] == list(range(13))
        assert {request["error"] for request in seen["measured"]} == {""}
        assert {request["output_tokens"] for request in seen["measured"]} == {3}
        assert min(request["sent_ns"] for request in seen["measured"]) >= seen["start_ns"]
        assert all(load["wall_s"] > 0 and load["lags"] for load in seen["loads"])
    assert len(talker.measured()) == 2 * 13


def test_forks_that_started_too_early_are_used_or_ended(server: ScriptedServer, talker: Talker) -> None:
    for shares, processes in ((1, 2), (2, 2), (3, 3)):
        jobs = [job(server.url, share, shares, concurrency=3, requests=3) for share in range(shares)]
        seen = run_alone(jobs, at_least=2)
        assert (seen["forks"], seen["processes"], seen["left"]) == (2, processes, [])
        assert len(seen["measured"]) == 3


def test_no_fork_shows_the_key(server: ScriptedServer, talker: Talker) -> None:
    seen = run_alone(two_jobs(server.url))
    assert seen["forks"] == len(seen["shown"]) == 2
    assert KEY not in str(seen["shown"])
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"


def test_a_failure_in_a_fork_is_told(server: ScriptedServer, talker: Talker) -> None:
    talker.fails = ("warm-up 1-",)
    seen = run_alone(two_jobs(server.url))
    assert "slots got no answer: " in seen["error"]
    assert "HTTP 500" in seen["error"]
    assert seen["left"] == []


def test_a_fork_that_dies_is_told(server: ScriptedServer, talker: Talker) -> None:
    jobs = two_jobs(server.url)
    seen = run_alone(jobs, kill=True)
    assert seen["error"] == "a process of the client ended early: it said nothing"
    assert seen["left"] == []


def test_a_mistake_in_a_process_is_told() -> None:
    with children.child([]) as worker:
        worker.tell(no="job")
        with pytest.raises(ProbeFailed, match="a process of the client ended early: KeyError: 'settings'"):
            worker.hear()


def test_a_fork_begins_sooner_than_a_new_python() -> None:
    forked, new = (statistics.median(run_alone([], way, time=True)["took"]) for way in (FORKED, NEW))
    assert 2 * forked < new


@pytest.mark.parametrize("way", [FORKED, NEW])
def test_no_process_stays_when_nobody_waits_for_it(server: ScriptedServer, talker: Talker, way: str) -> None:
    """A killed module must not leave a load behind: its workers see their pipe end."""
    talker.first = 0.05
    jobs = two_jobs(server.url, requests=10**5)
    parent = start_alone(jobs, way)
    try:
        wait_until("the run has not begun", lambda: len(talker.measured()) > 4)
        workers = children_of(parent.pid)
        assert len(workers) == 2
        if way == FORKED:
            # Its parent's pipe and one connection for its slot: nothing that would keep a sibling waiting.
            assert [sockets_of(worker) for worker in workers] == [2, 2]
            outputs = {
                Path(f"/proc/{worker}/fd/{number}").readlink() for worker in workers for number in range(3)
            }
            assert outputs == {Path(os.devnull)}
    finally:
        parent.kill()
        parent.communicate()
    wait_until("workers are left", lambda: not any(map(lives, workers)))


def test_no_new_process_shows_the_key(
    server: ScriptedServer, talker: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    start = subprocess.Popen

    def watch(command: list[str], **options: Any) -> Any:
        started.append((command, options))
        return start(command, **options)

    monkeypatch.setattr(subprocess, "Popen", watch)
    with Crew() as crew:
        crew.run(two_jobs(server.url))
    assert len(started) == 2
    assert KEY not in str(started)
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"


def test_a_new_process_that_dies_is_told(
    server: ScriptedServer, talker: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "_START", "raise SystemExit('no such thing')")
    told = "a process of the client ended early: no such thing"
    with Crew() as crew, pytest.raises(ProbeFailed, match=told):
        crew.run(two_jobs(server.url))
