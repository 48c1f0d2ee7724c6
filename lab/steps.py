"""Steps with dependencies, run side by side where they do not stand in each other's way.

A compile takes every core, so there is one at a time; downloads wait for the network and go on beside
it. That is all the parallelism that two cores reward.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from lab.components.component import ComponentError
from lab.components.component import Kind as Kind
from lab.errors import LabError
from lab.shell import stop_children

AT_ONCE: dict[str, int] = {"compile": 1, "network": 2}
_POLL_S = 0.2
_STOP_TIMEOUT_S = 30


@dataclass
class Running:
    """What a step's action may use to say how far it is."""

    step: Step
    log: IO[str]
    detail: str = ""
    started: float = field(default_factory=time.monotonic)

    def report(self, detail: str) -> None:
        """Show what is being done just now; the display picks it up."""
        self.detail = detail

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started


@dataclass(frozen=True)
class Step:
    """One thing to do. The action returns a word about its result, such as "cached"."""

    key: str
    title: str
    kind: Kind
    log_path: Path
    action: Callable[[Running], str]
    needs: tuple[str, ...] = ()
    estimate_s: int = 0
    own_log: bool = True
    """False where the action writes the log at log_path by itself."""


class Display(Protocol):
    """Shows a person how far the steps are."""

    def begin(self, total: int) -> None: ...

    def started(self, number: int, running: Running) -> None: ...

    def finished(self, running: Running, result: str) -> None: ...

    def failed(self, running: Running, problem: str, remedy: str) -> None: ...

    def tick(self) -> None: ...

    def end(self) -> None: ...


class StepsFailed(LabError):
    """At least one step failed; the display has said which and why."""


_Outcome = tuple[Running, str, BaseException | None]


class Runner:
    """Runs a set of steps to its end, or to the first failure."""

    def __init__(self, steps: Iterable[Step], display: Display) -> None:
        self._waiting = list(steps)
        self._display = display
        self._running: dict[str, tuple[Running, threading.Thread]] = {}
        self._done: set[str] = set()
        self._outcomes: queue.SimpleQueue[_Outcome] = queue.SimpleQueue()
        self._number = 0
        self._failed = False
        known = {step.key for step in self._waiting}
        for step in self._waiting:
            if missing := set(step.needs) - known:
                raise ValueError(f"{step.key} needs unknown steps: {', '.join(sorted(missing))}")

    def run(self) -> None:
        """Run all steps. An interrupt stops what runs; everything done stays done."""
        self._display.begin(len(self._waiting))
        try:
            while self._waiting or self._running:
                if not self._failed:
                    self._start_ready()
                elif not self._running:
                    break
                if not self._running:
                    raise ValueError(f"steps wait for each other: {[step.key for step in self._waiting]}")
                self._take_outcome()
        except BaseException:
            self._stop()
            raise
        finally:
            self._display.end()
        if self._failed:
            remedy = "run the same command again; done steps are kept"
            raise StepsFailed("not everything could be done", remedy)

    def _start_ready(self) -> None:
        for step in list(self._waiting):
            busy = sum(running.step.kind == step.kind for running, _ in self._running.values())
            if set(step.needs) <= self._done and busy < AT_ONCE[step.kind]:
                self._waiting.remove(step)
                self._start(step)

    def _start(self, step: Step) -> None:
        self._number += 1
        step.log_path.parent.mkdir(parents=True, exist_ok=True)
        # A step without a log of its own still gets a handle, so that actions need not ask.
        path = step.log_path if step.own_log else Path("/dev/null")
        log = path.open("w", encoding="utf-8")
        running = Running(step, log)
        # A daemon, so that an action which ignores its children's end cannot hold the program.
        thread = threading.Thread(target=self._work, args=(running,), name=step.key, daemon=True)
        self._running[step.key] = (running, thread)
        self._display.started(self._number, running)
        thread.start()

    def _work(self, running: Running) -> None:
        result, problem = "", None
        try:
            with running.log:
                result = running.step.action(running)
        except BaseException as error:
            problem = error
        self._outcomes.put((running, result, problem))

    def _take_outcome(self) -> None:
        try:
            running, result, problem = self._outcomes.get(timeout=_POLL_S)
        except queue.Empty:
            self._display.tick()
            return
        del self._running[running.step.key]
        if problem is None:
            self._done.add(running.step.key)
            self._display.finished(running, result)
            return
        self._failed = True
        self._display.failed(running, *_explain(problem))
        # The others go on to their end: a compile that is nearly through is worth keeping.
        if self._running:
            self._display.tick()

    def _stop(self) -> None:
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while any(thread.is_alive() for _, thread in self._running.values()):
            # Again and again: an action may have started its next program in between.
            stop_children()
            time.sleep(_POLL_S)
            if time.monotonic() > deadline:
                return


def _explain(problem: BaseException) -> tuple[str, str]:
    if isinstance(problem, LabError):
        return problem.problem, problem.remedy
    if isinstance(problem, ComponentError):
        return problem.reason, ""
    return f"{type(problem).__name__}: {problem}", ""
