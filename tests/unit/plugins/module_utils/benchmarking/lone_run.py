"""A run in a process without other threads, as a module's is: it forks, where tests with servers cannot.

The program reads what to do as JSON and writes what it saw.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.benchmarking.children import child
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.processes import Crew
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.slots import Job
from ansible_collections.inference.stack.plugins.module_utils.errors import StackError

ROOT = Path(__file__).parents[5]
FORKED, NEW = "forked", "new"
_START = (
    "import importlib, json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "importlib.import_module(sys.argv[2]).main()"
)


def start_alone(jobs: Sequence[Job], way: str = FORKED, **order: Any) -> subprocess.Popen[str]:
    """Orders: ``at_least`` so many processes before the jobs; ``kill`` these; ``time`` them, without jobs."""
    process = subprocess.Popen(
        [sys.executable, "-c", _START, json.dumps(sys.path), __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"jobs": [job.as_plain() for job in jobs], "way": way, **order}))
    process.stdin.close()
    process.stdin = None  # for communicate()
    return process


def run_alone(jobs: Sequence[Job], way: str = FORKED, **order: Any) -> dict[str, Any]:
    output, _ = start_alone(jobs, way, **order).communicate()
    seen: dict[str, Any] = json.loads(output)
    return seen


def wait_until(what: str, check: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not check():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether a process does anything yet; one that nobody has collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def sockets_of(pid: int) -> int:
    return sum(str(link.readlink()).startswith("socket:") for link in Path(f"/proc/{pid}/fd").iterdir())


def shown_by(pid: int) -> str:
    """What anybody on the machine may read of a process, and what its user may."""
    return "".join(Path(f"/proc/{pid}/{name}").read_text() for name in ("cmdline", "environ"))


def main() -> None:
    order = json.load(sys.stdin)
    if order["way"] == NEW:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    print(json.dumps(_times() if order.get("time") else _run(order)))


def _run(order: dict[str, Any]) -> dict[str, Any]:
    jobs = [Job.from_plain(job) for job in order["jobs"]]
    seen: dict[str, Any] = {"error": ""}
    with Crew(order.get("at_least", len(jobs))) as crew:
        early = children_of(os.getpid())
        own = Path(f"/proc/{os.getpid()}/cmdline").read_text()
        seen["forks"] = sum(Path(f"/proc/{pid}/cmdline").read_text() == own for pid in early)
        seen["shown"] = [shown_by(pid) for pid in early]
        if order.get("kill"):
            for pid in early:
                os.kill(pid, signal.SIGKILL)
        try:
            run = crew.run(jobs)
        except StackError as error:
            seen["error"] = str(error)
        else:
            seen.update(asdict(run))
        seen["processes"] = len(children_of(os.getpid()))
    return {**seen, "left": children_of(os.getpid())}


def _times() -> dict[str, Any]:
    """Seconds until processes are there and have refused a job that is none."""
    took = []
    for _ in range(3):
        start = time.perf_counter()
        with child([]) as worker:
            worker.tell(no="job")
            try:
                worker.hear()
            except StackError:
                took.append(time.perf_counter() - start)
    return {"took": took}
