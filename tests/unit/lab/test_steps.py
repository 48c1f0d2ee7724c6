"""The order of steps, failures and interrupts."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.components.component import Kind
from lab.errors import LabError
from lab.steps import Runner, Running, Step, StepsFailed


class Record:
    """A display that remembers."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.problems: list[tuple[str, str]] = []
        self.interrupt_on_tick = False

    def begin(self, total: int) -> None:
        self.events.append(("begin", str(total)))

    def started(self, number: int, running: Running) -> None:
        self.events.append(("started", running.step.key))

    def finished(self, running: Running, result: str) -> None:
        self.events.append(("finished", running.step.key))

    def failed(self, running: Running, problem: str, remedy: str) -> None:
        self.problems.append((problem, remedy))

    def tick(self) -> None:
        if self.interrupt_on_tick:
            raise KeyboardInterrupt

    def end(self) -> None:
        self.events.append(("end", ""))


def step(
    folder: Path,
    key: str,
    action: Callable[[Running], str],
    *,
    needs: tuple[str, ...] = (),
    kind: Kind = "network",
) -> Step:
    return Step(key, key, kind, folder / f"{key}.log", action, needs)


def remember(names: list[str]) -> Callable[[Running], str]:
    """An action that writes its step's name down."""

    def action(run: Running) -> str:
        names.append(run.step.key)
        return ""

    return action


def test_a_step_waits_for_what_it_needs(tmp_path: Path) -> None:
    order: list[str] = []
    steps = [
        step(tmp_path, "last", remember(order), needs=("first",)),
        step(tmp_path, "first", remember(order)),
    ]
    Runner(steps, Record()).run()

    assert order == ["first", "last"]


def test_one_compile_at_a_time_and_downloads_beside_it(tmp_path: Path) -> None:
    lock = threading.Lock()
    running = {"compile": 0, "network": 0}
    most = {"compile": 0, "network": 0, "both": 0}

    def busy(run: Running) -> str:
        kind = run.step.kind
        with lock:
            running[kind] += 1
            most[kind] = max(most[kind], running[kind])
            most["both"] = max(most["both"], sum(running.values()))
        time.sleep(0.1)
        with lock:
            running[kind] -= 1
        return ""

    kinds: tuple[Kind, ...] = ("compile", "network")
    steps = [step(tmp_path, f"{kind}{number}", busy, kind=kind) for kind in kinds for number in range(3)]
    Runner(steps, Record()).run()

    assert most["compile"] == 1
    assert most["network"] == 2
    assert most["both"] == 3


def test_after_a_failure_nothing_new_starts_but_what_runs_goes_on(tmp_path: Path) -> None:
    done: list[str] = []

    def fail(run: Running) -> str:
        raise LabError("no", "do this")

    def slow(run: Running) -> str:
        time.sleep(0.4)
        done.append("slow")
        return ""

    steps = [
        step(tmp_path, "slow", slow, kind="compile"),
        step(tmp_path, "fails", fail),
        step(tmp_path, "next", remember(done), needs=("slow",)),
    ]
    record = Record()
    with pytest.raises(StepsFailed):
        Runner(steps, record).run()

    assert done == ["slow"]
    assert record.problems == [("no", "do this")]


def test_an_interrupt_stops_programs_that_a_step_started(tmp_path: Path) -> None:
    ended: list[int] = []

    def sleeper(run: Running) -> str:
        ended.append(subprocess.run(["sh", "-c", "sleep 60 & wait"], check=False).returncode)
        return ""

    record = Record()
    record.interrupt_on_tick = True
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        Runner([step(tmp_path, "sleeper", sleeper)], record).run()

    assert time.monotonic() - begin < 20
    assert ended and ended[0] != 0
    assert record.events[-1] == ("end", "")


def test_the_log_holds_what_a_step_wrote(tmp_path: Path) -> None:
    one = step(tmp_path, "one", lambda run: str(run.log.write("hello\n")))
    Runner([one], Record()).run()

    assert one.log_path.read_text() == "hello\n"


def test_unknown_needs_and_cycles_are_bugs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown steps: nobody"):
        Runner([step(tmp_path, "a", lambda _: "", needs=("nobody",))], Record())
    circle = [
        step(tmp_path, "a", lambda _: "", needs=("b",)),
        step(tmp_path, "b", lambda _: "", needs=("a",)),
    ]
    with pytest.raises(ValueError, match="wait for each other"):
        Runner(circle, Record()).run()
