"""What a person reads while steps run."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from rich.console import Console

from lab import progress
from lab.progress import LiveDisplay, PlainDisplay, display, duration, log_tail
from lab.steps import Running, Step


def running(folder: Path, age: float = 0, estimate_s: int = 0) -> Running:
    log = folder / "one.log"
    one = Step("one", "The [first] thing", "network", log, lambda _: "", estimate_s=estimate_s)
    return Running(one, io.StringIO(), started=time.monotonic() - age)


def shown(screen: Console) -> str:
    stream = screen.file
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


@pytest.fixture
def screen() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (8.2, "8 s"), (59.4, "59 s"), (125, "2:05 min"), (600, "10:00 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(f"{number}\n" for number in range(100)))

    assert log_tail(log, 2) == ["98", "99"]
    assert log_tail(tmp_path / "absent") == []


def test_a_quick_step_is_one_line(tmp_path: Path, screen: Console) -> None:
    plain = PlainDisplay(screen)
    plain.begin(12)
    one = running(tmp_path)
    plain.started(3, one)
    plain.tick()
    plain.finished(one, "cached")

    assert shown(screen) == "[ 3/12] The [first] thing: done in 0.0 s, cached\n"


def test_a_long_step_is_announced_and_has_a_heartbeat(
    tmp_path: Path, screen: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT_S", 0)
    plain = PlainDisplay(screen)
    plain.begin(1)
    one = running(tmp_path, age=90, estimate_s=600)
    plain.started(1, one)
    one.report("gathering")
    plain.tick()
    text = shown(screen)

    assert "started, takes about 10:00 min when cold" in text
    assert str(tmp_path / "one.log") in text
    assert "still running, 1:30 min — gathering" in text


def test_without_news_there_is_no_more_than_one_line_per_heartbeat(tmp_path: Path, screen: Console) -> None:
    plain = PlainDisplay(screen)
    plain.begin(1)
    plain.started(1, running(tmp_path, age=5))
    for _ in range(50):
        plain.tick()

    assert len(shown(screen).splitlines()) == 1


def test_a_failure_shows_the_end_of_its_log_and_the_way_out(tmp_path: Path, screen: Console) -> None:
    one = running(tmp_path)
    one.step.log_path.write_text("".join(f"line {number}\n" for number in range(50)))
    plain = PlainDisplay(screen)
    plain.begin(1)
    plain.started(1, one)
    plain.failed(one, "it broke", "mend it")
    text = shown(screen)

    assert "FAILED after 0.0 s: it broke" in text
    assert "line 20\n" in text and "line 19\n" not in text
    assert "fix: mend it" in text
    assert f"whole log: {one.step.log_path}" in text


def test_a_terminal_gets_a_line_that_moves(tmp_path: Path) -> None:
    screen = Console(file=io.StringIO(), width=120, force_terminal=True)
    live = display(screen)
    assert isinstance(live, LiveDisplay)
    live.begin(2)
    live.started(1, running(tmp_path, age=3, estimate_s=60))
    time.sleep(0.3)
    live.end()

    assert "[1/2] The [first] thing" in shown(screen)
    assert isinstance(display(Console(file=io.StringIO())), PlainDisplay)
