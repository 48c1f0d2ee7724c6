"""Requests of an open loop come at random moments that are known before."""

from __future__ import annotations

import statistics

from ansible_collections.inference.stack.plugins.module_utils.benchmarking.schedule import poisson


def test_moments_are_a_poisson_process() -> None:
    due = poisson(50.0, 20_000, seed=1)
    gaps = [(after - before) / 1e9 for before, after in zip([0, *due], due, strict=False)]
    assert due == sorted(due)
    # Pauses of a Poisson process are as wide as they are long.
    assert abs(statistics.mean(gaps) * 50 - 1) < 0.03
    assert abs(statistics.pstdev(gaps) * 50 - 1) < 0.03


def test_a_seed_gives_the_same_moments() -> None:
    assert poisson(5.0, 10, seed=3) == poisson(5.0, 10, seed=3)
    assert poisson(5.0, 10, seed=3) != poisson(5.0, 10, seed=4)
