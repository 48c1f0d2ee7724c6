"""A drop is what earlier runs cannot explain; what they can is none."""

from __future__ import annotations

import random

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.history.noise import (
    ACCEPTED,
    DROP,
    LIMITED,
    OK,
    RECORDED,
    judge,
    learn,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.plugin_utils.history.runs import history, point, run

QUIET = [60.0, 60.4, 59.7, 60.1, 59.9, 60.2, 60.0]


def test_too_few_runs_are_only_recorded() -> None:
    assert [judge(run(point(1)), history(QUIET[:count]))[0].verdict for count in range(6)] == [
        *[RECORDED] * 5,
        DROP,
    ]
    assert judge(run(point(1)), history(QUIET[:2]), minimum_runs=2)[0].verdict == DROP


def test_a_drop_names_both_numbers() -> None:
    (judgement,) = judge(run(point(50)), history(QUIET))
    assert judgement.verdict == DROP
    assert judgement.message == "concurrency 1: 50.0 tok/s, and 7 earlier runs had 60.0 ± 1.2 tok/s"


@pytest.mark.parametrize("value", [58.9, 60.0, 75.0])
def test_noise_and_gains_are_no_drop(value: float) -> None:
    assert judge(run(point(value)), history(QUIET))[0].verdict == OK


def test_a_noisy_past_explains_more() -> None:
    noisy = [60, 55, 66, 58, 63, 52, 61]
    assert judge(run(point(50)), history(noisy))[0].verdict == OK
    assert judge(run(point(20)), history(noisy))[0].verdict == DROP


def test_equal_runs_leave_two_percent() -> None:
    same = history([60.0] * 6)
    assert judge(run(point(58.9)), same)[0].verdict == OK
    assert judge(run(point(58.7)), same)[0].verdict == DROP


def test_a_drop_is_not_learnt_from() -> None:
    """However often it is measured, a slow model does not become the normal one by itself."""
    noted = history([*QUIET, *[50.0] * 20])
    assert {run["judgements"][0]["verdict"] for run in noted[7:]} == {DROP}


def test_what_is_accepted_is_the_new_normal() -> None:
    noted = history(QUIET)
    entry = run(point(50))
    (judgement,) = judge(entry, noted, accept=True)
    assert judgement.verdict == ACCEPTED
    noted.append({**entry, "judgements": [judgement.as_plain()], "accepted": True})
    (later,) = judge(run(point(50)), noted)
    assert (later.verdict, later.runs) == (RECORDED, 1)


def test_a_limited_client_proves_nothing() -> None:
    limited = point(5, client_limited=True)
    assert judge(run(limited), history(QUIET))[0].verdict == LIMITED
    noted = history([*QUIET[:4], *[5.0] * 20], client_limited=True)
    assert judge(run(point(60)), noted)[0].verdict == RECORDED


def test_each_load_has_its_own_past() -> None:
    past = [run(point(60, 1), point(200, 8)) for _ in range(6)]
    found = judge(run(point(60, 1), point(60, 8), point(60, 16)), past)
    assert [judgement.verdict for judgement in found] == [OK, DROP, RECORDED]


def test_a_rate_is_a_load_of_its_own() -> None:
    past = [run(point(60, 64, request_rate=2.0)) for _ in range(6)]
    (judgement,) = judge(run(point(30, 64, request_rate=2.0)), past)
    assert judgement.message.startswith("2 requests/s: 30.0 tok/s")
    assert judge(run(point(30, 64)), past)[0].verdict == RECORDED


@given(st.lists(st.floats(10, 100), min_size=5, max_size=30), st.floats(0.1, 10))
def test_the_bound_scales_with_what_is_measured(values: list[float], factor: float) -> None:
    bound, scaled = learn(values), learn([value * factor for value in values])
    assert bound is not None and scaled is not None
    assert scaled.least == pytest.approx(bound.least * factor, rel=1e-6, abs=1e-6)
    assert bound.least <= bound.median <= max(values)


def test_steady_runs_are_hardly_ever_called_a_drop() -> None:
    chance = random.Random(4)
    judged = [judge(run(point(chance.gauss(100, 3))), history_of(chance, 10))[0].verdict for _ in range(400)]
    assert judged.count(DROP) <= 8


def history_of(chance: random.Random, runs: int) -> list[dict[str, object]]:
    return [run(point(chance.gauss(100, 3))) for _ in range(runs)]
