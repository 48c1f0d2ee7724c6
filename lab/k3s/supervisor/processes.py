"""Runs the programs: starts them, passes their words on, and starts them again when they die.

All of this happens on one event loop in the main thread, because the kernel ties a child's "die with
your parent" to the thread that started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from . import log

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
# Who ran that long did not fail at starting.
_STEADY_S = 60.0
_LAST_WORDS_S = 1.0
_LINE_LIMIT = 1 << 20
_LOG_FILE_LIMIT = 20 << 20
# A child follows its supervisor into death at once, so the next one never meets it.
_DIE_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")


@dataclass(frozen=True)
class Program:
    """How to run one program."""

    name: str
    command: tuple[str, ...]
    path: Path | None = None
    """A folder in which it shall look for programs first."""
    log_file: Path | None = None
    noise: re.Pattern[str] | None = None
    """Lines that are not passed on."""
    grace_s: float = 10.0
    """How long it may take to stop."""


class ProgramFailed(Exception):
    """A program that should do its work and end did not do it."""


class Supervisor:
    """Keeps programs running until it is told to stop them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._running: list[_Keeper] = []

    def start(self, program: Program) -> None:
        """Run a program from now on."""
        keeper = _Keeper(program, self._environment(program))
        keeper.task = asyncio.create_task(keeper.keep(), name=program.name)
        self._running.append(keeper)

    async def stop(self) -> None:
        """Stop everything, last started first."""
        while self._running:
            await self._running.pop().stop()

    async def run(self, command: tuple[str, ...]) -> str:
        """Run a program to its end and return what it said."""
        process = await asyncio.create_subprocess_exec(
            *_DIE_WITH_PARENT, *command, env=self._environment(), stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
        )
        try:
            output, _ = await process.communicate()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        text = output.decode(errors="replace").strip()
        if process.returncode != 0:
            raise ProgramFailed(f"{' '.join(command)}: {text or process.returncode}")
        return text

    def _environment(self, program: Program | None = None) -> dict[str, str]:
        own = {
            name: value for name, value in os.environ.items() if name not in ("NOTIFY_SOCKET", "K3S_TOKEN")
        }
        folders = [self._path, own.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")]
        if program and program.path:
            folders.insert(0, program.path)
        return own | {"PATH": ":".join(str(folder) for folder in folders)}


class _Keeper:
    def __init__(self, program: Program, environment: dict[str, str]) -> None:
        self.program = program
        self.environment = environment
        self.process: Process | None = None
        self.task: asyncio.Task[None] | None = None
        self.stopping = False

    async def keep(self) -> None:
        pause = _FIRST_PAUSE_S
        while not self.stopping:
            began = time.monotonic()
            log.info(f"Running {' '.join(self.program.command)}")
            code = await self._run_once()
            if self.stopping:
                return
            if time.monotonic() - began > _STEADY_S:
                pause = _FIRST_PAUSE_S
            log.error(f"{self.program.name} exited with {_describe(code)}; starting it again in {pause:.0f}s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _run_once(self) -> int:
        async with _output(self.program.log_file) as file:
            self.process = await asyncio.create_subprocess_exec(
                *_DIE_WITH_PARENT,
                *self.program.command,
                env=self.environment,
                stdin=DEVNULL,
                stdout=file or PIPE,
                stderr=STDOUT,
                limit=_LINE_LIMIT,
            )
            if self.process.stdout is None:
                return await self.process.wait()
            reading = asyncio.create_task(self._pass_on(self.process.stdout))
            code = await self.process.wait()
            # A grandchild may hold the pipe open; the program itself is gone.
            await asyncio.wait([reading], timeout=_LAST_WORDS_S)
            reading.cancel()
            return code

    async def _pass_on(self, stream: asyncio.StreamReader) -> None:
        prefix = f"{self.program.name}: ".encode()
        noise = self.program.noise
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                # A line beyond the limit: the reader dropped it and goes on.
                continue
            if not line:
                return
            if noise and noise.search(line.decode(errors="replace")):
                continue
            sys.stderr.buffer.write(prefix + line)
            sys.stderr.buffer.flush()

    async def stop(self) -> None:
        self.stopping = True
        assert self.task
        if self.process is None or self.process.returncode is not None:
            # It waits for its next start.
            self.task.cancel()
        else:
            self.process.terminate()
        done, _ = await asyncio.wait([self.task], timeout=self.program.grace_s)
        if not done and self.process:
            log.info(f"{self.program.name} did not stop in {self.program.grace_s:.0f}s; killing it")
            self.process.kill()
            await asyncio.wait([self.task])


@contextlib.asynccontextmanager
async def _output(path: Path | None) -> AsyncIterator[IO[bytes] | None]:
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_FILE_LIMIT:
        path.replace(path.with_name(f"{path.name}.1"))
    with path.open("ab") as file:
        yield file


def _describe(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
