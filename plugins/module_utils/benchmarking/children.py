# SPDX-License-Identifier: Apache-2.0
"""Processes of the client, as the process that started them sees them.

A fork begins at once, because everything is imported already; a new Python takes a tenth of a second and
more, most of all where it has to compile an archive's modules. But a fork copies only the thread that calls
it: a lock that another thread held would stay locked forever. So a process with threads starts new Pythons.
"""

from __future__ import annotations

import abc
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import IO, Any, NoReturn, TextIO

from ..errors import ProbeFailed
from . import worker

# Modules of Ansible run from an archive that only this process has on its path, hence the list.
_START = """
import importlib, json, sys
sys.path[:] = json.loads(sys.argv[1])
importlib.import_module(sys.argv[2]).main(sys.stdin, sys.stdout)
"""


class Child(abc.ABC):
    """The other end of a worker."""

    def __init__(self, heard: IO[str], told: IO[str]) -> None:
        self._heard = heard
        self._told = told

    def tell(self, **told: Any) -> None:
        # A child that ended may have said why; hear() reads it.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._told.write(json.dumps(told) + "\n")
            self._told.flush()

    def hear(self) -> dict[str, Any]:
        try:
            line = self._heard.readline()
        except ConnectionResetError:
            line = ""
        if not line:
            raise ProbeFailed(f"{worker.ENDED_EARLY}: {self.last_words() or 'it said nothing'}")
        heard: dict[str, Any] = json.loads(line)
        if "failed" in heard:
            raise ProbeFailed(heard["failed"], heard["hint"])
        return heard

    def last_words(self) -> str:
        """What an ended process has written besides its answers."""
        return ""

    def let_go(self) -> None:
        """Close this process's ends."""
        for stream in (self._told, self._heard):
            # Nobody reads what is still to be written.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                stream.close()

    @abc.abstractmethod
    def end(self) -> None:
        """A worker ends when its pipe ends. One that still sends requests is not waited for."""


class _Fork(Child):
    def __init__(self, pid: int, end: socket.socket) -> None:
        super().__init__(*_streams(end))
        self._pid = pid

    def end(self) -> None:
        # Where SIGCHLD is ignored, the system has already collected the child.
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        self.let_go()


class _NewPython(Child):
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _START, json.dumps(sys.path), worker.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        super().__init__(_pipe(self._process.stdout), _pipe(self._process.stdin))

    def last_words(self) -> str:
        return _pipe(self._process.stderr).read().strip().rpartition("\n")[2]

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


def _pipe(stream: IO[str] | None) -> IO[str]:
    """A stream that Popen was asked for."""
    if stream is None:
        raise ValueError("This process has no such pipe.")
    return stream


@contextlib.contextmanager
def child(siblings: Sequence[Child]) -> Iterator[Child]:
    """A worker that waits for its job, and ends with the ``with`` block. ``siblings`` are those before it."""
    process = _fork(siblings) if _may_fork() else _NewPython()
    try:
        yield process
    finally:
        process.end()


def _may_fork() -> bool:
    # Apple's libraries start threads of their own, which Python does not know.
    return hasattr(os, "fork") and sys.platform != "darwin" and threading.active_count() == 1


def _fork(siblings: Sequence[Child]) -> Child:
    here, there = socket.socketpair()
    with here, there:  # its streams keep a socket open
        pid = os.fork()
        if not pid:
            _work(here, there, siblings)
        return _Fork(pid, here)


def _work(parents: socket.socket, own: socket.socket, siblings: Sequence[Child]) -> NoReturn:
    """Be a worker and nothing else. The parent's own work and clean-up stay with the parent."""
    status = 1
    try:
        # A pipe ends for its reader when the last process closes it, so each process keeps only its own.
        parents.close()
        for sibling in siblings:
            sibling.let_go()
        # The caller of the parent waits until every process has closed its output.
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(nothing, standard)
        worker.main(*_streams(own))
        status = 0
    finally:
        os._exit(status)


def _streams(end: socket.socket) -> tuple[TextIO, TextIO]:
    return end.makefile("r", encoding="utf-8"), end.makefile("w", encoding="utf-8")
