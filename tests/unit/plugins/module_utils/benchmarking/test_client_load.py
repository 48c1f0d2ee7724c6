"""A client that could not keep up says so, with what helps."""

from __future__ import annotations

import time

from ansible_collections.inference.stack.plugins.module_utils.benchmarking.client_load import (
    ClientLoad,
    Watch,
    verdict,
)


def test_a_client_with_time_to_spare_limits_nothing() -> None:
    found = verdict([ClientLoad(1.0, 10.0, [0.1] * 100), ClientLoad(3.0, 10.0, [0.2] * 100)], 4)
    assert (found["client_limited"], found["client_limits"]) == (False, [])
    assert found["client_processes"] == 2
    assert found["client_cpu_per_wall"] == 0.3
    assert found["client_lag_p99_ms"] == 0.2
    assert found["dispatch_lag_p99_ms"] is None


def test_a_process_that_computes_all_the_time_is_a_limit() -> None:
    found = verdict([ClientLoad(1.0, 10.0, [0.1]), ClientLoad(9.5, 10.0, [0.1])], 4)
    assert found["client_limited"]
    assert "computed 95% of the time" in found["client_limits"][0]
    assert "raise processes" in found["client_limits"][0]


def test_threads_that_wake_late_are_a_limit() -> None:
    found = verdict([ClientLoad(1.0, 10.0, [0.1] * 95 + [30.0] * 5)], 4)
    assert "woke 30.0 ms late" in found["client_limits"][0]


def test_requests_that_wait_for_a_slot_are_a_limit() -> None:
    found = verdict([ClientLoad(1.0, 10.0, [0.1], [0.1] * 50 + [900.0] * 50)], 4)
    assert found["dispatch_lag_p99_ms"] == 900.0
    assert "concurrency=4 is too small" in found["client_limits"][0]


def test_a_watch_sees_work_and_time() -> None:
    with Watch() as watch:
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        time.sleep(0.1)
    assert watch.load.cpu_s >= 0.05
    assert watch.load.wall_s >= 0.15
    assert watch.load.lags
    assert min(watch.load.lags) >= 0
