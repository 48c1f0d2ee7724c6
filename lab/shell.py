"""Programs that the lab runs, and how they all stop together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from lab.errors import LabError

Words = Sequence[str | Path]


def logged(
    words: Words, log: IO[str], *, env: Mapping[str, str] | None = None, stdin: str | None = None
) -> None:
    """Run a program into a log; a failure is a LabError."""
    command = [str(word) for word in words]
    log.write(f"$ {' '.join(command)}\n")
    log.flush()
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(env or {})},
            input=stdin,
            text=True,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise LabError(f"{command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise LabError(f"{command[0]} ended with {done.returncode}")


def output(words: Words, *, env: Mapping[str, str] | None = None, timeout: float | None = None) -> str:
    """Run a program and return what it printed; a failure is a LabError with its last words."""
    command = [str(word) for word in words]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=timeout,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise LabError(f"{' '.join(command[:3])} ended with {done.returncode}: {''.join(last)}")
    return done.stdout


def succeeds(words: Words, *, env: Mapping[str, str] | None = None, timeout: float = 30) -> bool:
    """Whether a program ends well."""
    try:
        output(words, env=env, timeout=timeout)
    except LabError:
        return False
    return True


def descendants(pid: int) -> list[int]:
    """Every process below this one, deepest last."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                # The second field, the program's name, may hold blanks and parentheses.
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                if after_name[0] == "Z":  # ended already; its parent has not looked yet
                    continue
                children.setdefault(int(after_name[1]), []).append(int(entry.name))
    found: list[int] = []
    queue = [pid]
    while queue:
        for child in children.get(queue.pop(0), []):
            found.append(child)
            queue.append(child)
    return found


def stop_children(grace_s: float = 5) -> None:
    """End everything that this process started: politely first, then for good.

    Signals are sent by walking the process tree, because recipes start programs of their own and a
    signal that was sent to this process alone (a cancelled CI job) reaches none of them.
    """
    deadline = time.monotonic() + grace_s
    number = signal.SIGTERM
    while found := descendants(os.getpid()):
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        time.sleep(0.2)
        if time.monotonic() > deadline:
            if number == signal.SIGKILL:
                return
            number, deadline = signal.SIGKILL, deadline + grace_s
