"""A few thousand ways to cut and damage streams; `make soak` tries a hundred thousand."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.module_utils.openai_api.stream_fuzz import CHECKS, Spoken, streams


@pytest.mark.parametrize("check", CHECKS)
def test_streams_survive(check: Callable[[Spoken, random.Random], None]) -> None:
    @settings(max_examples=75, deadline=None, database=None, derandomize=True)
    @given(streams(), st.integers(0, 2**32))
    def holds(spoken: Spoken, seed: int) -> None:
        check(spoken, random.Random(seed))

    holds()
