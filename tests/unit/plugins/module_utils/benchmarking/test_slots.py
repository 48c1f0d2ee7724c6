"""Slots warm up, wait for each other, and ask as their loop says."""

from __future__ import annotations

import gc
import threading
import time

import pytest
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.recording import Measured
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.slots import Slots, steady
from ansible_collections.inference.stack.plugins.module_utils.errors import ProbeFailed

from tests.unit.plugins.module_utils.benchmarking.jobs import job
from tests.unit.plugins.module_utils.benchmarking.talker import Talker
from tests.unit.plugins.scripted_server import ScriptedServer


def run(slots: Slots) -> tuple[int, list[Measured]]:
    with slots:
        slots.warm_up()
        start = time.perf_counter_ns() + 10_000_000
        slots.start(start)
        assert slots.finished(30)
    return start, slots.measured()


def marks(talker: Talker) -> list[str]:
    """The first words of the prompts that were measured."""
    return sorted(request["messages"][0]["content"].split(":")[0] for request in talker.measured())


def test_a_closed_loop_asks_everything_once(server: ScriptedServer, talker: Talker) -> None:
    talker.first = 0.1
    start, measured = run(Slots(job(server.url, concurrency=3, requests=8)))
    assert marks(talker) == [f"r1 {number}" for number in range(8)]
    assert [request.index for request in measured] == list(range(8))
    assert [request.error for request in measured] == [""] * 8
    assert min(request.sent_ns for request in measured) >= start
    assert talker.most_at_once == 3


def test_a_slot_keeps_its_connection_and_warms_up(server: ScriptedServer, talker: Talker) -> None:
    run(Slots(job(server.url, concurrency=3, requests=8, warmup=2)))
    assert server.connections == 3
    assert len(talker.asked) == 8 + 3 * 2


def test_nothing_is_asked_before_the_start(server: ScriptedServer, talker: Talker) -> None:
    with Slots(job(server.url, concurrency=2, requests=4)) as slots:
        slots.warm_up()
        time.sleep(0.05)
        assert talker.measured() == []


def test_an_open_loop_does_not_wait_for_answers(server: ScriptedServer, talker: Talker) -> None:
    talker.first = 0.3
    slots = Slots(job(server.url, concurrency=8, requests=6, request_rate=200.0))
    start, measured = run(slots)
    due = [request.scheduled_ns - start for request in measured]
    assert due == sorted(due)
    assert due[-1] < 0.3e9
    assert talker.most_at_once == 6
    assert len(slots.dispatch_lags()) == 6


def test_an_open_loop_without_a_free_slot_is_late_and_says_so(server: ScriptedServer, talker: Talker) -> None:
    talker.first = 0.1
    slots = Slots(job(server.url, concurrency=1, requests=4, request_rate=1000.0))
    _, measured = run(slots)
    assert max(slots.dispatch_lags()) > 200
    last = measured[-1]
    assert last.token_ns[0] - last.start_ns > 300e6  # what its user waited, not what the server took


def test_no_request_begins_after_the_duration(server: ScriptedServer, talker: Talker) -> None:
    talker.first = 0.05
    start, measured = run(Slots(job(server.url, concurrency=1, requests=1000, duration=0.3)))
    assert 1 <= len(measured) < 10
    assert max(request.sent_ns for request in measured) < start + 0.4e9


def test_processes_share_the_requests(server: ScriptedServer, talker: Talker) -> None:
    for share in range(2):
        run(Slots(job(server.url, share, 2, concurrency=2, requests=5)))
    assert marks(talker) == [f"r1 {number}" for number in range(5)]


def test_failures_are_measured_like_everything_else(server: ScriptedServer, talker: Talker) -> None:
    talker.fails = ("r1 2:",)
    _, measured = run(Slots(job(server.url, concurrency=2, requests=4)))
    assert [bool(request.error) for request in measured] == [False, False, True, False]
    assert "HTTP 500: no r1 2: today" in measured[2].error


def test_a_slot_that_gets_no_answer_ends_the_run(server: ScriptedServer, talker: Talker) -> None:
    talker.fails = ("warm-up 0-1",)
    told = r"1 of 2 slots got no answer: .*HTTP 500"
    with Slots(job(server.url, concurrency=2, requests=4)) as slots, pytest.raises(ProbeFailed, match=told):
        slots.warm_up()
    assert talker.measured() == []


def test_threads_end_with_a_run_that_is_given_up(server: ScriptedServer, talker: Talker) -> None:
    with Slots(job(server.url, concurrency=4, requests=4)) as slots:
        slots.warm_up()
    assert slots.finished(10)
    assert talker.measured() == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("slot ")]


def test_python_s_own_pauses_are_kept_out_and_come_back() -> None:
    with steady() as load:
        assert not gc.isenabled()
        time.sleep(0.03)
    assert gc.isenabled()
    assert load.lags
