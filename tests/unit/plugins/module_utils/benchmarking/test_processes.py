"""A load that one process could not carry is spread, and spreading changes no result."""

from __future__ import annotations

import os

import pytest
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.processes import (
    Crew,
    Run,
    processes_for,
)
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.settings import Load
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.slots import Job
from ansible_collections.inference.stack.plugins.module_utils.errors import ProbeFailed

from tests.unit.plugins.module_utils.benchmarking.jobs import job
from tests.unit.plugins.module_utils.benchmarking.lone_run import children_of, lives
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


def test_a_failure_in_a_process_is_told(server: ScriptedServer, talker: Talker) -> None:
    talker.fails = ("warm-up 1-",)
    with pytest.raises(ProbeFailed, match=r"slots got no answer: .*HTTP 500"):
        run_jobs([job(server.url, share, 2, concurrency=2, requests=2) for share in range(2)])
