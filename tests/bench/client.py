"""How true the benchmark's own figures are, as ratios to what is known to be true.

Usage: PYTHONPATH=.ansible/collections python -m tests.bench.client [--rounds N]

Against a server that knows when it sent what (tests/paced_server.py):
  closed  open   figures / the server's own times  goal: medians within 1 %, 99th percentiles within 3 %
  lag            how late 128 streams' chunks are noted (p99)    goal: below 5 ms
  start          from starting Python to the first measured request  goal: below 0.5 s
                 on a server that answers at once: imports, processes, the trial (eight tokens at the server's
                 pace take 35 ms), threads, connections, a warm-up for each stream
Beside the lag stands that of a process that only sleeps, beside the start that of Python alone: both are the
machine's share. On a machine with other work, figures of that work are measured, unless the bench goes before
it: chrt --rr 10 python -m tests.bench.client.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.benchmarking.figures import (
    figures,
    gaps_of,
    percentile,
    times_of,
)
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.processes import Crew, Run
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.run import share_out
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.settings import (
    Load,
    Settings,
    Target,
    Workload,
)
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.trial import try_out

from tests.bench.report import ROOT, near_one, parser_of, verdict

MEDIAN_GOAL, P99_GOAL, LAG_GOAL_MS, START_GOAL_S = 0.01, 0.03, 5.0, 0.5
PACE = ("--first-ms", "150", "--gap-ms", "20", "--jitter", "0.3")
SLEEPER = """
import time
end = time.perf_counter() + float({seconds})
while time.perf_counter() < end:
    due = time.perf_counter() + 0.005
    time.sleep(0.005)
    print((time.perf_counter() - due) * 1e3)
"""
STARTER = """
import sys, time
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.run import benchmark
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.settings import *
benchmark(Settings(Target(sys.argv[1], "paced"), Workload(output_tokens=1), Load(int(sys.argv[2]), 256)))
"""


@dataclass
class Paced:
    """A paced server that runs."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def truth(self) -> dict[str, dict[str, Any]]:
        """What was sent since the last call, by the answers' names."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/truth")
        told = json.loads(connection.getresponse().read())
        connection.close()
        return {answer["id"]: answer for answer in told}


@contextlib.contextmanager
def paced(*pace: str) -> Iterator[Paced]:
    command = [sys.executable, "-m", "tests.paced_server", *pace]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Paced(int(process.stdout.readline()))
        finally:
            process.kill()


def measure(server: Paced, workload: Workload, load: Load) -> tuple[Run, dict[str, dict[str, Any]]]:
    """A run, and what the server knows of the same answers."""
    settings = Settings(Target(server.url, "paced"), workload, load)
    with Crew() as crew:
        run = crew.run(share_out(settings, f"bench{time.time_ns():x}", try_out(settings, "trial")))
    failed = [request.error for request in run.measured if request.error]
    if failed:
        raise SystemExit(f"bench: {len(failed)} requests failed: {failed[0]}")
    return run, server.truth()


def true_times(run: Run, truth: Mapping[str, dict[str, Any]]) -> dict[str, list[float]]:
    """Milliseconds by the server's clock, for the answers of the run."""
    times: dict[str, list[float]] = {"ttft": [], "tpot": [], "itl": []}
    for request in run.measured:
        answer = truth[request.id]
        sent = answer["sent_ns"]
        # In an open loop the user has waited since the request was due.
        begun = request.scheduled_ns or answer["received_ns"]
        times["ttft"].append((sent[0] - begun) / 1e6)
        times["tpot"].append((sent[-1] - sent[0]) / 1e6 / (answer["tokens"] - 1))
        times["itl"] += [(after - before) / 1e6 for before, after in pairwise(sent)]
    return times


def seen_times(run: Run) -> dict[str, list[float]]:
    rows = [times_of(request) for request in run.measured]
    return {
        "ttft": [row["ttft"] for row in rows],
        "tpot": [row["tpot"] for row in rows],
        "itl": [gap for request in run.measured for gap in gaps_of(request)],
    }


def ratios(server: Paced, load: Load, tokens: int = 100) -> dict[str, float]:
    """Figures of the client over those of the server."""
    run, truth = measure(server, Workload(output_tokens=tokens), load)
    answers = [truth[request.id] for request in run.measured]
    begun = run.start_ns if load.open_loop else min(answer["received_ns"] for answer in answers)
    seconds = (max(answer["sent_ns"][-1] for answer in answers) - begun) / 1e9
    true_rate = sum(answer["tokens"] for answer in answers) / seconds
    found = {"throughput": figures(run.measured, run.start_ns, {})["output_throughput"] / true_rate}
    seen, true = seen_times(run), true_times(run, truth)
    for name in seen:
        for percent in (50, 99):
            ordered = [sorted(times[name]) for times in (seen, true)]
            found[f"{name} p{percent}"] = percentile(ordered[0], percent) / percentile(ordered[1], percent)
    return found


def lags(server: Paced, streams: int, seconds: float = 4.0) -> tuple[float, float]:
    """Milliseconds at p99: from the server's send to the client's note, and a sleeper's at the same time."""
    command = [sys.executable, "-c", SLEEPER.format(seconds=seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sleeper:
        run, truth = measure(server, Workload(output_tokens=100), Load(streams, streams))
        assert sleeper.stdout is not None
        slept = sorted(float(line) for line in sleeper.stdout)
    late = sorted(
        (noted - sent) / 1e6
        for request in run.measured
        for noted, sent in zip(request.token_ns, truth[request.id]["sent_ns"], strict=True)
    )
    return percentile(late, 99), percentile(slept, 99)


def start_up(server: Paced, streams: int) -> tuple[float, float]:
    """Seconds until the first measured request, and those of an empty Python."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / ".ansible/collections")}
    start = time.perf_counter_ns()
    subprocess.run([sys.executable, "-c", STARTER, server.url, str(streams)], env=environment, check=True)
    arrived = [answer["received_ns"] for answer in server.truth().values()]
    first = sorted(arrived)[2 + streams]  # after two samples and each slot's warm-up
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", ""], check=True)
    return (first - start) / 1e9, time.perf_counter() - begun


def show_ratios(title: str, rounds: Sequence[Mapping[str, float]]) -> None:
    for name in rounds[0]:
        ratio = statistics.median(one[name] for one in rounds)
        goal = P99_GOAL if name.endswith("p99") else MEDIAN_GOAL
        print(f"{title:7} {name:10} client / server      {ratio:7.4f}    {near_one(ratio, goal)}", flush=True)


def main() -> int:
    rounds = range(parser_of(__doc__).parse_args().rounds)
    with paced(*PACE) as server:
        show_ratios("closed", [ratios(server, Load(16, 32)) for _ in rounds])
        show_ratios("open", [ratios(server, Load(64, 48, request_rate=10.0)) for _ in rounds])
        noted = [lags(server, 128) for _ in rounds]
    late, slept = (statistics.median(values) for values in zip(*noted, strict=True))
    print(
        f"lag     128 streams noted (p99)        {late:7.2f} ms goal {LAG_GOAL_MS:g} ms: "
        f"{verdict(late < LAG_GOAL_MS)}  (a process that only sleeps: {slept:.2f} ms)"
    )
    with paced("--first-ms", "0", "--gap-ms", "5") as server:
        for streams in (8, 128):
            started = [start_up(server, streams) for _ in rounds]
            took, empty = (statistics.median(values) for values in zip(*started, strict=True))
            print(
                f"start   first of {streams:3} streams asks      {took:7.2f} s  goal {START_GOAL_S:g} s: "
                f"{verdict(took < START_GOAL_S)}  (Python alone: {empty:.2f} s)"
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
