"""What a person sees while steps run: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from lab.steps import Display, Running

ANNOUNCE_S = 3
HEARTBEAT_S = 30
LOG_TAIL_LINES = 30


def duration(seconds: float) -> str:
    """Seconds as a person says them: 8 s, 2:05 min."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min"


def log_tail(path: Path, lines: int = LOG_TAIL_LINES) -> list[str]:
    """The end of a log, which is where a failure says why."""
    try:
        with path.open(encoding="utf-8", errors="replace") as log:
            return [line.rstrip("\n") for line in deque(log, maxlen=lines)]
    except OSError:
        return []


def display(console: Console | None = None) -> Display:
    """The display that suits where the output goes."""
    screen = console or Console()
    return LiveDisplay(screen) if screen.is_terminal else PlainDisplay(screen)


class PlainDisplay:
    """One line when a step starts and one when it ends, with a heartbeat in between.

    Steps that end at once get a single line, so that a warm run reads as a list of what is there.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = 0
        self._numbers: dict[str, int] = {}
        self._running: dict[str, Running] = {}
        self._announced: set[str] = set()
        self._last_line = time.monotonic()

    def begin(self, total: int) -> None:
        self._total = total

    def started(self, number: int, running: Running) -> None:
        self._numbers[running.step.key] = number
        self._running[running.step.key] = running

    def finished(self, running: Running, result: str) -> None:
        self._forget(running)
        words = f", {result}" if result else ""
        self._say(running, f"done in {duration(running.elapsed)}{words}")

    def failed(self, running: Running, problem: str, remedy: str) -> None:
        self._forget(running)
        self._say(running, f"FAILED after {duration(running.elapsed)}: {problem}")
        for line in log_tail(running.step.log_path):
            self._print(f"    | {line}")
        self._print(f"    whole log: {running.step.log_path}")
        if remedy:
            self._print(f"    fix: {remedy}")

    def tick(self) -> None:
        for key, running in self._running.items():
            if key not in self._announced and running.elapsed > ANNOUNCE_S:
                self._announced.add(key)
                self._say(running, f"{self._expectation(running)} (log: {running.step.log_path})")
        if self._running and time.monotonic() - self._last_line >= HEARTBEAT_S:
            for running in self._running.values():
                detail = f" — {running.detail}" if running.detail else ""
                self._say(running, f"still running, {duration(running.elapsed)}{detail}")

    def end(self) -> None:
        self._running.clear()

    @staticmethod
    def _expectation(running: Running) -> str:
        estimate = running.step.estimate_s
        return f"started, takes about {duration(estimate)} when cold" if estimate >= 10 else "started"

    def _forget(self, running: Running) -> None:
        self._running.pop(running.step.key, None)

    def _say(self, running: Running, words: str) -> None:
        number = self._numbers[running.step.key]
        width = len(str(self._total))
        self._print(f"[{number:>{width}}/{self._total}] {running.step.title}: {words}")

    def _print(self, line: str) -> None:
        self._last_line = time.monotonic()
        self._console.print(Text(line), soft_wrap=True)
        sys.stdout.flush()


class LiveDisplay(PlainDisplay):
    """Finished steps scroll up as lines; below them, every running step has a line that moves."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=8, transient=True)

    def begin(self, total: int) -> None:
        super().begin(total)
        self._live.start()

    def tick(self) -> None:
        """The live line moves by itself."""

    def end(self) -> None:
        super().end()
        self._live.stop()

    def _draw(self) -> Group:
        lines = []
        for key, running in list(self._running.items()):
            estimate = running.step.estimate_s
            about = f" of about {duration(estimate)}" if estimate > running.elapsed else ""
            detail = running.detail or f"log: {running.step.log_path}"
            grid = Table.grid(padding=(0, 1))
            grid.add_row(
                self._spinner,
                Text(f"[{self._numbers[key]}/{self._total}] {running.step.title}", no_wrap=True),
                Text(f"{duration(running.elapsed)}{about}", style="cyan", no_wrap=True),
                Text(detail, style="dim", overflow="ellipsis", no_wrap=True),
            )
            lines.append(grid)
        return Group(*lines)
