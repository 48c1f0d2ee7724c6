# SPDX-License-Identifier: Apache-2.0
"""Conducts a drill: one tier after the other is taken away under load, and put back in any case."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...cluster.drilled_workload import Workload, restarts
from ...cluster.outage_record import clear_record, read_record, write_record
from ...cluster.outages import (
    BLOCK,
    COMES_BACK,
    ERROR,
    GRADUAL,
    KILL,
    SLOW,
    UNDONE,
    entry_of,
    prepare,
    put_back,
    take_away,
)
from ...errors import DeadlineExceeded, InvalidInput, ProbeFailed, StackError
from ...openai_api.client import Client
from .figures import Limits, Outage, Window, is_late, outage_figures, stage_figures, tells, verdict
from .load import Load, Reply
from .schedule import CHAIN, FEWEST, OWN, Stage, Tier, stages, way_back
from .table import table

_PROMPT = "Name a colour."
# How long names and networks may take to pass on that a tier is away. Names are valid for seconds.
_EFFECT_S = 60.0
_NO_EFFECT = {
    BLOCK: "Does the cluster's network enforce NetworkPolicies, and does none of yours let the gateway out?",
    SLOW: "Does the gateway reach its engines by their headless Services, as playbooks/site.yml sets it up?",
    ERROR: "Does the gateway reach its engines by their headless Services, as playbooks/site.yml sets it up?",
}


class Moment(NamedTuple):
    """When a tier was away, and how long that took to be in effect, where it does so bit by bit [s]."""

    taken: float
    effect: float | None


@dataclass(frozen=True)
class Settings:
    """A drill as its module was told."""

    namespace: str
    tiers: tuple[Tier, ...]
    depth: int
    way: str
    requests: int
    users: int
    pause: float
    max_tokens: int
    tier_map: Mapping[str, str]
    limits: Limits
    return_timeout: float
    stage_timeout: float
    gateway: str = ""
    # How late a slow tier answers [s].
    delay: float = 0.0
    request_timeout: float = 120.0

    def require_sense(self) -> None:
        if self.requests < FEWEST:
            raise InvalidInput(f"requests is {self.requests}", f"Below {FEWEST} there is nothing to compare.")
        if not 1 <= self.depth <= len(self.tiers):
            raise InvalidInput(f"depth is {self.depth}", f"There are {len(self.tiers)} tiers to take away.")
        fixed = [tier.name for tier in self.tiers[: self.depth] if not tier.deployment]
        if fixed:
            raise InvalidInput(f"tier {fixed[0]} has no Deployment that could be taken away", "Lower depth.")
        unknown = [tier.name for tier in self.tiers if tier.name not in self.tier_map.values()]
        if unknown:
            raise InvalidInput(f"tier_map has no address of tier {unknown[0]}")
        if self.way in GRADUAL and not self.gateway:
            raise InvalidInput(f"gateway is empty, and {self.way} happens between it and a tier")
        if self.way == SLOW and self.depth > 1:
            raise InvalidInput(
                f"depth is {self.depth} with way slow",
                "A tier that is slow answers, so none behind it is asked.",
            )
        if self.way == SLOW and not 0 < self.delay < self.request_timeout:
            raise InvalidInput(
                f"delay is {self.delay:g}", f"Choose more than 0 and less than {self.request_timeout:g} s."
            )


def restore(api: Any, namespace: str) -> list[str]:
    """Put back what an interrupted drill left away, the last first. Returns what that was."""
    entries = read_record(api, namespace)
    _put_all_back(api, namespace, entries)
    return [f"{entry['deployment']} ({entry['way']})" for entry in reversed(entries)]


def _put_all_back(api: Any, namespace: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """Every entry is tried; the record stays while one of them failed."""
    troubles = []
    for entry in reversed(entries):
        try:
            put_back(api, entry)
        except StackError as error:
            troubles.append(str(error))
    if troubles:
        raise ProbeFailed("; ".join(troubles), "The next drill, or one with restore_only, tries again.")
    if entries:
        clear_record(api, namespace)


class Drill:
    """One drill."""

    def __init__(
        self,
        api: Any,
        connect: Callable[[], Client],
        settings: Settings,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._connect = connect
        self._set = settings
        self._say = say
        self._clock = clock
        self._taken: list[dict[str, Any]] = []
        self._outages: list[Outage] = []
        self._nobody: list[Window] = []

    def run(self) -> dict[str, Any]:
        plan = stages(self._set.tiers, self._set.depth, self._set.requests)
        question = {
            "messages": [{"role": "user", "content": _PROMPT}],
            "max_tokens": self._set.max_tokens,
            "temperature": 0,
        }
        before = self._gateway_pods()
        load = Load(
            self._connect,
            plan[0],
            question,
            self._set.tier_map,
            self._set.users,
            self._set.pause,
            self._clock,
        )
        with _put_back_at_the_end(self._end), load:
            self._require_first_tier(load, plan[0])
            moments = [self._take(load, place, stage) for place, stage in enumerate(plan[1:-1])]
            backs = [stage.name for stage in self._return_all(load, moments, plan)]
            # A stage that ended early leaves its requests to the last one.
            left = max(plan[-1].requests, self._set.requests - len(load.replies))
            after = plan[-1]._replace(requests=left)
            load.enter(after)
            self._spend(load, after)
            load.finish()
        names = [plan[0].name, *(stage.name for stage in plan[1:-1]), *backs, plan[-1].name]
        return self._told(load.replies, names, before)

    def _require_first_tier(self, load: Load, stage: Stage) -> None:
        first = self._set.tiers[0].name
        self._say(f"{stage.requests} requests while everything is up")
        self._spend(load, stage)
        wrong = [reply for reply in load.replies if reply.tier != first or not reply.ok]
        if wrong:
            told = wrong[0].error or f"tier {wrong[0].tier} answered"
            raise ProbeFailed(
                f"Not every answer came from tier {first} before anything was taken away: {told}",
                "A drill begins on a healthy site: playbooks/doctor.yml names the layer that is broken.",
            )

    def _take(self, load: Load, place: int, stage: Stage) -> Moment:
        tier = self._set.tiers[place]
        entry = entry_of(self._api, self._workload(tier), self._set.way, self._set.gateway, self._set.delay)
        self._taken.append(entry)
        write_record(self._api, self._set.namespace, self._taken)
        self._say(
            f"tier {tier.name} is taken away: {self._set.way} of {tier.deployment}; {UNDONE[self._set.way]}"
        )
        prepare(self._api, entry)
        load.enter(stage)
        begun = self._clock()
        take_away(self._api, entry)
        taken = self._await_effect(load, tier, stage, begun) if self._set.way in GRADUAL else begun
        comes_back = self._set.way in COMES_BACK
        self._spend(
            load,
            stage,
            lambda replies: comes_back and _is_back(replies, tier.name, stage.name, taken),
            since=taken if self._set.way in GRADUAL else 0.0,
        )
        return Moment(taken, taken - begun if self._set.way in GRADUAL else None)

    def _await_effect(self, load: Load, tier: Tier, stage: Stage, begun: float) -> float:
        """When the first request was sent that the tier did not answer as before."""

        def affected(replies: Sequence[Reply]) -> list[float]:
            return [
                reply.sent
                for reply in replies
                if reply.stage == stage.name
                and reply.kind == CHAIN
                and reply.sent >= begun
                and tells(reply, tier.name, self._delay)
            ]

        limit = _EFFECT_S + self._delay
        if not load.wait(lambda replies: bool(affected(replies)), limit):
            raise ProbeFailed(
                f"{limit:g} s after {self._set.way} of {tier.deployment}, tier {tier.name} answers as before",
                _NO_EFFECT[self._set.way],
            )
        return min(affected(load.replies))

    def _return_all(self, load: Load, moments: Sequence[Moment], plan: Sequence[Stage]) -> list[Stage]:
        """The tier that was taken last comes back first."""
        found: list[Stage] = []
        everything = self._set.depth == len(self._set.tiers)
        for place in reversed(range(self._set.depth)):
            tier = self._set.tiers[place]
            stage = way_back(tier, self._set.tiers)
            load.enter(stage)
            begun = self._clock()
            put_back(self._api, self._taken[place])
            # A killed one began to come back at once.
            since = moments[place].taken if self._set.way == KILL else begun
            self._say(f"tier {tier.name} is put back")
            kind = OWN if place else CHAIN
            seen = load.wait(
                lambda replies: self._first(replies, tier.name, kind, begun) is not None,  # noqa: B023
                self._set.return_timeout,
            )
            reply = self._first(load.replies, tier.name, kind, begun) if seen else None
            back = reply.ended if reply else None
            if everything and place == self._set.depth - 1:
                self._nobody.append(Window(moments[place].taken, back or self._clock()))
            self._outages.insert(
                0,
                Outage(
                    tier.name,
                    self._set.way,
                    UNDONE[self._set.way],
                    plan[1 + place].name,
                    moments[place].taken,
                    since,
                    back,
                    moments[place].effect,
                    self._delay,
                ),
            )
            found.append(stage)
            if back is None:
                # The others have to come back all the same, and nothing more can be compared.
                self._say(f"tier {tier.name} did not come back within {self._set.return_timeout:g} s")
        return found

    def _first(self, replies: Sequence[Reply], tier: str, kind: str, since: float) -> Reply | None:
        """The first answer of a tier that is no longer slow."""
        return _first([reply for reply in replies if not is_late(reply, self._delay)], tier, kind, since)

    @property
    def _delay(self) -> float:
        return self._set.delay if self._set.way == SLOW else 0.0

    def _spend(
        self,
        load: Load,
        stage: Stage,
        enough: Callable[[list[Reply]], bool] = lambda _: False,
        since: float = 0.0,
    ) -> None:
        """Let the stage have its requests, of those that were sent later, or end it early."""

        def done(replies: list[Reply]) -> bool:
            spent = sum(reply.stage == stage.name and reply.sent >= since for reply in replies)
            return spent >= stage.requests or enough(replies)

        if not load.wait(done, self._set.stage_timeout):
            count = sum(reply.stage == stage.name for reply in load.replies)
            limit = f"{self._set.stage_timeout:g} s"
            raise DeadlineExceeded(
                f"{count} of {stage.requests} requests ended within {limit} ({stage.name})",
                "Is the site slower than the drill expects? Ask for fewer requests, or raise stage_timeout.",
            )

    def _end(self) -> None:
        _put_all_back(self._api, self._set.namespace, self._taken)

    def _workload(self, tier: Tier) -> Workload:
        return Workload(self._set.namespace, tier.deployment)

    def _gateway_pods(self) -> dict[str, int]:
        if not self._set.gateway:
            return {}
        return restarts(self._api, Workload(self._set.namespace, self._set.gateway))

    def _told(
        self, replies: Sequence[Reply], names: Sequence[str], before: Mapping[str, int]
    ) -> dict[str, Any]:
        told = [stage_figures(name, replies, self._nobody) for name in names]
        figures = [
            outage_figures(outage, replies, self._set.limits, self._nobody) for outage in self._outages
        ]
        problems = verdict(self._outages, figures, replies, self._nobody, self._set.limits)
        if self._gateway_pods() != before:
            problems.append("the gateway's pods were replaced or restarted meanwhile")
        return {
            "passed": not problems,
            "requests": len(replies),
            # Ansible itself has a key named failed.
            "failures": sum(stage["failed"] for stage in told),
            "stages": told,
            "outages": figures,
            "problems": problems,
            "table": table(told, figures, problems),
        }


def _first(replies: Sequence[Reply], tier: str, kind: str, since: float) -> Reply | None:
    """The first answer of a tier to a request that was sent later."""
    found = [
        reply
        for reply in replies
        if reply.ok and reply.tier == tier and reply.kind == kind and reply.sent >= since
    ]
    return min(found, key=lambda reply: reply.ended, default=None)


def _is_back(replies: Sequence[Reply], tier: str, stage: str, taken: float) -> bool:
    """Whether a tier answers again after another one, or nobody, had answered for it."""
    instead = [
        reply.ended
        for reply in replies
        if reply.stage == stage and reply.kind == CHAIN and reply.tier != tier and reply.sent >= taken
    ]
    return bool(instead) and _first(replies, tier, CHAIN, min(instead)) is not None


@contextlib.contextmanager
def _put_back_at_the_end(end: Callable[[], None]) -> Iterator[None]:
    """However it ends: also by Ctrl-C or SIGTERM, which only the main thread hears."""
    if threading.current_thread() is not threading.main_thread():
        try:
            yield
        finally:
            end()
        return

    def stop(number: int, _frame: Any) -> None:
        raise KeyboardInterrupt(f"signal {number}")

    def wait(_number: int, _frame: Any) -> None:
        """What is being put back is not left half-way."""

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    earlier = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number in signals:
            signal.signal(number, wait)
        try:
            end()
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)
