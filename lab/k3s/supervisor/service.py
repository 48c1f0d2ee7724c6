"""The life of ``k3s server`` and ``k3s agent``: start, tell systemd, wait, stop."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from . import agent, log, server
from .agent import Node
from .errors import K3sError
from .notify import notify
from .options import AgentOptions, ServerOptions
from .payload import Manifest
from .processes import Supervisor
from .tokens import Token


def run(options: AgentOptions, manifest: Manifest, programs: Path) -> int:
    """Run until a signal ends it."""
    try:
        return asyncio.run(_live(options, manifest, programs))
    except BaseExceptionGroup as group:
        reasons = group.subgroup(K3sError)
        if reasons is None:
            raise
        # One reason is enough; the tasks that it took down have none of their own.
        raise _first(reasons) from None


async def _live(options: AgentOptions, manifest: Manifest, programs: Path) -> int:
    agent.check_host(options)
    supervisor = Supervisor(programs)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        working = asyncio.create_task(_work(options, manifest, programs, supervisor))
        waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait([working, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if stopped.is_set():
            log.info("Stopping; pods go on")
            notify("STOPPING=1")
            working.cancel()
        try:
            await working
        except asyncio.CancelledError:
            if not stopped.is_set():
                raise
    finally:
        await supervisor.stop()
    return 0


async def _work(options: AgentOptions, manifest: Manifest, programs: Path, supervisor: Supervisor) -> None:
    async with asyncio.TaskGroup() as tasks:
        node = Node(options, manifest, programs, supervisor, tasks)
        if isinstance(options, ServerOptions):
            await server.run(node, options)
        else:
            await agent.run(node, options.server, Token.parse(options.token))
        notify("READY=1")
        # The background tasks go on; the group waits for them.
        await asyncio.Event().wait()


def _first(group: BaseExceptionGroup[K3sError]) -> K3sError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, K3sError)
    return error
