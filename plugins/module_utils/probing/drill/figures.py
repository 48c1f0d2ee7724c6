# SPDX-License-Identifier: Apache-2.0
"""What clients noticed of an outage: who answered, how soon, how much later, and what failed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..answering_tier import FALLBACK, UNKNOWN
from .load import Reply
from .schedule import CHAIN, OWN

NOBODY = 503
# Fewer answers than these are not compared.
_ENOUGH = 10


class Limits(NamedTuple):
    """Seconds by which answers of the next tier may be later than that tier's own."""

    first: float
    steady: float
    # How many answers after the outage count as the first ones.
    first_answers: int


class Outage(NamedTuple):
    """One tier that was taken away, and when. ``back`` is None when it did not come back in time.

    ``effect`` is how long it took until ``taken`` [s], where that is not at once; ``delay`` how late a slow
    one answers [s].
    """

    tier: str
    way: str
    undone: str
    stage: str
    taken: float
    put_back: float
    back: float | None
    effect: float | None = None
    delay: float = 0.0


class Window(NamedTuple):
    """While every tier was away: nobody can answer a request that was under way then."""

    begin: float
    end: float

    def touches(self, reply: Reply) -> bool:
        return reply.sent <= self.end and reply.ended >= self.begin


def percentile(values: Iterable[float], share: float) -> float | None:
    """With interpolation between the two nearest; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def is_refusal(reply: Reply, nobody: Sequence[Window]) -> bool:
    """Whether a failure could not be helped, because no tier was left. A client has to hear so."""
    return not reply.ok and any(window.touches(reply) for window in nobody)


def is_cut(reply: Reply) -> bool:
    """Whether a stream broke off that had begun. Nobody can take over half an answer."""
    return not reply.ok and reply.begun is not None


def is_late(reply: Reply, delay: float) -> bool:
    """Whether an answer waited as long as a slow tier lets wait."""
    return 0 < delay <= reply.latency


def tells(reply: Reply, tier: str, delay: float) -> bool:
    """Whether a request shows that a tier is away: somebody else answered it, or nobody, or late."""
    return reply.tier != tier or is_late(reply, delay)


def stage_figures(name: str, replies: Sequence[Reply], nobody: Sequence[Window]) -> dict[str, Any]:
    own = [reply for reply in replies if reply.stage == name]
    answered = [reply for reply in own if reply.ok]
    bad = [reply for reply in own if not reply.ok]
    chain = [reply.latency for reply in answered if reply.kind == CHAIN]
    return {
        "stage": name,
        "requests": len(own),
        "streamed": sum(reply.streamed for reply in own),
        "tiers": dict(sorted(Counter(reply.tier for reply in answered if reply.kind == CHAIN).items())),
        "beside": sum(reply.kind == OWN for reply in answered),
        "refused": sum(is_refusal(reply, nobody) for reply in bad),
        "cut_streams": sum(is_cut(reply) and not is_refusal(reply, nobody) for reply in bad),
        "failed": sum(not is_cut(reply) and not is_refusal(reply, nobody) for reply in bad),
        "p50_s": _round(percentile(chain, 0.5)),
        "p95_s": _round(percentile(chain, 0.95)),
    }


def outage_figures(
    outage: Outage, replies: Sequence[Reply], limits: Limits, nobody: Sequence[Window] = ()
) -> dict[str, Any]:
    """An outage in numbers. What is None could not be measured, for nobody answered."""
    during = [reply for reply in replies if reply.stage == outage.stage and reply.ok]
    asked = [reply for reply in during if reply.kind == CHAIN]
    instead = sorted(
        (reply for reply in asked if reply.sent >= outage.taken and tells(reply, outage.tier, outage.delay)),
        key=lambda reply: reply.sent,
    )
    late = [reply.latency - outage.delay for reply in instead if reply.tier == outage.tier]
    first, steady = instead[: limits.first_answers], instead[limits.first_answers :]
    beside = [reply for reply in during if reply.kind == OWN and reply.sent >= outage.taken]
    own = [reply.latency for reply in beside]
    # What an engine that stops and starts takes from its machine slows these as well.
    meanwhile = [reply.latency for reply in beside if first and reply.sent <= first[-1].ended]
    under_way = [
        reply for reply in replies if reply.kind == CHAIN and reply.sent < outage.taken < reply.ended
    ]
    refusals = [
        reply.latency
        for reply in replies
        if reply.stage == outage.stage
        and reply.status == NOBODY
        and any(window.begin <= reply.sent <= window.end for window in nobody)
    ]
    later = {
        "first_extra_p95_s": _extra(first, own, 0.95),
        "first_beside_p95_s": _extra(first, meanwhile, 0.95),
        "steady_extra_p50_s": _extra(steady, own, 0.5),
        "steady_extra_p95_s": _extra(steady, own, 0.95),
    }
    return {
        "tier": outage.tier,
        "way": outage.way,
        "undone": outage.undone,
        "effect_s": _round(outage.effect),
        "detection_s": _round(
            min((reply.ended for reply in instead if reply.tier != outage.tier), default=None), outage.taken
        ),
        "late_answers": len(late),
        "late_beyond_p95_s": _round(percentile(late, 0.95)),
        "under_way": len(under_way),
        "under_way_slowest_s": _round(max((reply.latency for reply in under_way), default=None)),
        "own_p50_s": _round(percentile(own, 0.5)),
        "own_p95_s": _round(percentile(own, 0.95)),
        "first_p95_s": _round(percentile([reply.latency for reply in first], 0.95)),
        **later,
        "refusal_p95_s": _round(percentile(refusals, 0.95)),
        "away_s": _round(outage.back, outage.taken),
        "return_s": _round(outage.back, outage.put_back),
    }


def verdict(
    outages: Sequence[Outage],
    figures: Sequence[dict[str, Any]],
    replies: Sequence[Reply],
    nobody: Sequence[Window],
    limits: Limits,
) -> list[str]:
    """What was not as promised, one sentence each."""
    problems = []
    failed = [
        reply for reply in replies if not reply.ok and not is_cut(reply) and not is_refusal(reply, nobody)
    ]
    if failed:
        problems.append(
            f"{len(failed)} of {len(replies)} requests failed that had not begun to stream, the first one"
            f" {failed[0].stage}: {failed[0].error}"
        )
    rude = [reply for reply in replies if is_refusal(reply, nobody) and reply.status not in (NOBODY, 200)]
    if rude:
        problems.append(
            f"{len(rude)} requests that nobody could answer were told something else than {NOBODY}, the first"
            f" one: {rude[0].error}"
        )
    anonymous = [reply for reply in replies if reply.ok and reply.tier in (UNKNOWN, FALLBACK)]
    if anonymous:
        problems.append(f"of {len(anonymous)} answers no header tells the tier")
    for outage, told in zip(outages, figures):
        where = f"{outage.tier} taken away ({outage.way})"
        if outage.back is None:
            problems.append(f"{where}: it did not come back")
        if told["detection_s"] is None and told["refusal_p95_s"] is None and not told["late_answers"]:
            problems.append(f"{where}: nothing came of it, no other tier was ever asked")
        problems += [
            f"{where}: {what} are {told[key]:.3f} s later"
            f" than the next tier's own, and {limit + outage.delay:g} s are allowed"
            for what, key, limit in (
                (
                    f"the first {limits.first_answers} answers at the 95th percentile",
                    "first_extra_p95_s",
                    limits.first,
                ),
                ("steady answers at the median", "steady_extra_p50_s", limits.steady),
            )
            # Whoever answers instead of a slow tier may have been asked when that had taken its time.
            if told[key] is not None and told[key] > limit + outage.delay
        ]
    return problems


def _extra(replies: Sequence[Reply], own: Sequence[float], share: float) -> float | None:
    theirs, usual = percentile([reply.latency for reply in replies], share), percentile(own, share)
    if theirs is None or usual is None or min(len(replies), len(own)) < _ENOUGH:
        return None
    return round(theirs - usual, 3)


def _round(moment: float | None, since: float = 0.0) -> float | None:
    return None if moment is None else round(moment - since, 3)
