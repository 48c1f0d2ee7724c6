"""Figures and verdicts from replies that are written down here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.probing.drill.figures import (
    Limits,
    Outage,
    Window,
    outage_figures,
    percentile,
    stage_figures,
    verdict,
)
from ansible_collections.inference.stack.plugins.module_utils.probing.drill.load import Reply
from ansible_collections.inference.stack.plugins.module_utils.probing.drill.schedule import CHAIN, OWN

STAGE = "without gpu"
TAKEN = 100.0
LIMITS = Limits(first=0.2, steady=0.05, first_answers=10)
OUTAGE = Outage("gpu", "kill", "", STAGE, TAKEN, 200.0, 230.0)


def reply(sent: float, took: float = 0.1, kind: str = CHAIN, tier: str = "cpu", **more: Any) -> Reply:
    return Reply(STAGE, kind, False, sent, sent + took, tier=tier, status=200, **more)


def during(first: float = 0.1, steady: float = 0.1, own: float = 0.1) -> list[Reply]:
    """Ten first and twenty steady answers for the model, and the next tier's own beside them."""
    chain = [reply(TAKEN + place, first if place < 10 else steady) for place in range(30)]
    return chain + [reply(TAKEN + place + 0.5, own, OWN) for place in range(30)]


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([3.0], 0.95, 3.0),
        ([1.0, 2.0], 0.5, 1.5),
        ([4.0, 1.0, 2.0, 3.0], 0.95, 3.85),
        ([1.0, 2.0, 3.0], 1.0, 3.0),
    ],
)
def test_percentiles(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == pytest.approx(expected)


def test_answers_are_compared_with_the_next_tiers_own() -> None:
    told = outage_figures(OUTAGE, during(first=0.25, steady=0.13, own=0.1), LIMITS)
    assert told["detection_s"] == 0.25
    assert (told["first_extra_p95_s"], told["steady_extra_p50_s"]) == (0.15, 0.03)
    assert (told["away_s"], told["return_s"]) == (130.0, 30.0)


def test_first_answers_are_compared_with_those_at_the_same_time_too() -> None:
    """A machine that was busy then slowed both."""
    slow_then = [
        replace(one, ended=one.sent + 1.0) if one.sent < TAKEN + 10 else one for one in during(first=1.0)
    ]
    told = outage_figures(OUTAGE, [*slow_then, *during()[40:] * 20], LIMITS)
    assert told["first_beside_p95_s"] == 0
    assert told["first_extra_p95_s"] == 0.9


def test_what_was_under_way_is_told_apart() -> None:
    """It was slowed by the tier that went away, and no later request is."""
    replies = [reply(TAKEN - 1, 5.0), *during()]
    told = outage_figures(OUTAGE, replies, LIMITS)
    assert (told["under_way"], told["under_way_slowest_s"]) == (1, 5.0)
    assert told["first_extra_p95_s"] == 0


def test_answers_that_the_tier_itself_still_gave_are_no_first_answers() -> None:
    """Otherwise a tier that goes on for a while would hide how slow the change is."""
    late = [reply(TAKEN + place / 100, 0.01, tier="gpu") for place in range(20)]
    assert outage_figures(OUTAGE, late + during(first=0.5), LIMITS)["first_extra_p95_s"] == 0.4


def test_a_refusal_belongs_to_the_outage_that_left_nobody() -> None:
    """A request that was under way when the last tier went is none of the first tier's."""
    under_way = replace(REFUSED, sent=299.0, ended=301.0)
    later = replace(REFUSED, sent=305.0, ended=305.4)
    assert outage_figures(OUTAGE, [*during(), under_way], LIMITS, NOBODY)["refusal_p95_s"] is None
    assert outage_figures(OUTAGE, [*during(), later], LIMITS, NOBODY)["refusal_p95_s"] == 0.4


def test_too_few_answers_are_not_compared() -> None:
    few = [one for one in during(steady=9.0) if one.sent < TAKEN + 12]
    assert outage_figures(OUTAGE, few, LIMITS)["steady_extra_p50_s"] is None


NOBODY = [Window(300.0, 310.0)]
FAILED = reply(105.0, error="HTTP 500")
CUT = replace(FAILED, streamed=True, begun=105.05)
REFUSED = replace(FAILED, sent=305.0, ended=305.1, status=503)


@pytest.mark.parametrize(
    ("bad", "counted"),
    [
        (FAILED, "failed"),
        (CUT, "cut_streams"),
        (REFUSED, "refused"),
        (replace(REFUSED, sent=299.0, ended=300.5), "refused"),
        (replace(REFUSED, sent=311.0, ended=311.1), "failed"),
        (replace(REFUSED, begun=305.0), "refused"),
    ],
)
def test_each_bad_end_is_counted_once(bad: Reply, counted: str) -> None:
    told = stage_figures(STAGE, [bad, *during()], NOBODY)
    assert {name: told[name] for name in ("failed", "cut_streams", "refused")} == {
        **dict.fromkeys(("failed", "cut_streams", "refused"), 0),
        counted: 1,
    }


@pytest.mark.parametrize(
    ("replies", "outage", "told"),
    [
        (during(), OUTAGE, []),
        (during(first=0.29, steady=0.14), OUTAGE, []),
        (during(first=0.31), OUTAGE, ["the first 10 answers at the 95th percentile are 0.210 s later"]),
        (during(steady=0.16), OUTAGE, ["steady answers at the median are 0.060 s later"]),
        ([*during(), FAILED], OUTAGE, ["1 of 61 requests failed that had not begun to stream"]),
        ([*during(), CUT], OUTAGE, []),
        ([*during(), REFUSED], OUTAGE, []),
        ([*during(), replace(REFUSED, status=500)], OUTAGE, ["told something else than 503"]),
        ([*during(), replace(REFUSED, status=0)], OUTAGE, ["told something else than 503"]),
        ([*during(), reply(106.0, tier="unknown")], OUTAGE, ["of 1 answers no header tells the tier"]),
        (during(), OUTAGE._replace(back=None), ["it did not come back"]),
        ([replace(one, tier="gpu") for one in during()], OUTAGE, ["no other tier was ever asked"]),
    ],
)
def test_verdicts(replies: list[Reply], outage: Outage, told: list[str]) -> None:
    problems = verdict([outage], [outage_figures(outage, replies, LIMITS)], replies, NOBODY, LIMITS)
    assert len(problems) == len(told), problems
    for problem, words in zip(problems, told, strict=True):
        assert words in problem
