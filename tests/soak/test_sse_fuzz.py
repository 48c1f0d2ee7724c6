"""A hundred thousand ways to cut and damage streams, other ones in each run."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.plugins.module_utils.openai_api.stream_fuzz import CHECKS, CUTS, Spoken, streams

WAYS = 100_000
EXAMPLES = WAYS // CUTS // len(CHECKS)


@pytest.mark.parametrize("check", CHECKS)
def test_streams_survive(check: Callable[[Spoken, random.Random], None]) -> None:
    ways = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(streams(), st.integers(0, 2**32))
    def holds(spoken: Spoken, seed: int) -> None:
        nonlocal ways
        check(spoken, random.Random(seed))
        ways += CUTS

    holds()
    assert ways >= EXAMPLES * CUTS
