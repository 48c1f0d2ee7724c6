# SPDX-License-Identifier: Apache-2.0
"""Says whether an engine makes progress, where its own /health only says that its front is alive.

Runs beside the engine in its pod, with the engine's Python and nothing else. It reads the engine's metrics
and answers two questions over HTTP: ``/health``, whether requests may come (the gateway's proxy and the
readiness probe ask), and ``/live``, whether the engine should go on (the liveness probe asks).

An engine makes progress while vLLM's count of iterations grows, or while nobody waits for it. Its gauges of
running and waiting requests are written by the part that may hang, so a request that came after it hung is
in none of them, and neither is one that came as it hung. So a connection is taken for such a request, until
the engine has answered something that was asked after it came. A request may also wait for good reasons, such
as a grammar that is compiled. So a request of one token tells whether the engine answers: only one that does
not answer it hangs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

LOOK_SECONDS = 1.0
METRICS_TIMEOUT = 2.0
# How long a young connection may be without progress before the engine is asked itself.
SUSPICION_SECONDS = 3.0
_ESTABLISHED = "01"
_LINE = re.compile(r"^(vllm:[a-z_]+)(?:\{[^}]*\})? (\S+)$")
_COUNTS = ("vllm:iteration_tokens_total_count", "vllm:prompt_tokens_total", "vllm:generation_tokens_total")
_PENDING = ("vllm:num_requests_running", "vllm:num_requests_waiting")


class Sample(NamedTuple):
    """What the metrics say: how much was done since the start, and how many requests are known."""

    done: float
    pending: float


class Verdict(NamedTuple):
    """Whether requests may come, whether the engine should go on, why not, and whether it hangs."""

    healthy: bool
    live: bool
    reason: str
    stalled: bool = False


def read_metrics(text: str) -> Sample:
    """The sum over all label sets, in Prometheus' text format."""
    done = pending = 0.0
    for line in text.splitlines():
        found = _LINE.match(line)
        if found and found.group(1) in _COUNTS:
            done += float(found.group(2))
        elif found and found.group(1) in _PENDING:
            pending += float(found.group(2))
    return Sample(done, pending)


def connections(tables: Iterable[str], port: int) -> set[str]:
    """Who is connected to a port of this pod, from the kernel's tables of TCP connections."""
    wanted = f":{port:04X}"
    found = set()
    for table in tables:
        for line in table.splitlines()[1:]:
            fields = line.split()
            if len(fields) > 3 and fields[1].endswith(wanted) and fields[3] == _ESTABLISHED:
                found.add(fields[2])
    return found


class Watch:
    """Judges an engine by what it is told once a second. Times are seconds of one clock."""

    def __init__(self, stall: float, restart: float) -> None:
        self._stall = stall
        self._restart = restart
        self._done: float | None = None
        self._progress = 0.0
        self._known: set[str] = set()
        self._pending = 0.0
        self._unseen = False
        self._unproven = False
        self._stalled = ""
        self._verdict = Verdict(False, True, "the engine has not answered yet")

    @property
    def verdict(self) -> Verdict:
        return self._verdict

    def wants_proof(self, now: float) -> bool:
        """Whether only a request of our own can tell."""
        if self._done is None:
            return False
        suspected = (self._unseen or self._pending > 0) and now - self._progress >= SUSPICION_SECONDS
        # Whoever waited has gone to another tier by then.
        return bool(self._stalled) or suspected

    def proof(self, now: float, answered: bool, connected: set[str]) -> None:
        """The outcome of that request, and who was connected when it was sent.

        A refusal is an answer: nothing says then that the engine hangs.
        """
        self._unproven = not answered
        if answered:
            self._progress, self._unseen, self._stalled = now, False, ""
            self._known = set(connected)

    def look(self, now: float, sample: Sample | None, connected: set[str], refused: bool = False) -> None:
        """``sample`` is None when the metrics did not come; ``refused`` when nobody listens at all."""
        if self._done is None and sample is None:
            return
        if refused:
            self._progress, self._stalled = now, ""
            self._verdict = Verdict(False, True, "the engine does not listen")
            return
        if sample is not None:
            self._judge_sample(now, sample, connected)
        waited = now - self._progress
        if sample is None:
            self._tell(waited, f"the engine's metrics have not come for {waited:.0f} s")
        elif self._pending and self._unproven:
            self._tell(waited, f"{self._pending:.0f} requests wait, and none advanced for {waited:.0f} s")
        elif self._unseen and self._unproven:
            self._tell(waited, f"a request of one token has had no answer for {waited:.0f} s")
        elif self._stalled:
            self._tell(waited, f"no answer for {waited:.0f} s, since {self._stalled}")
        else:
            self._verdict = Verdict(True, True, "")

    def _judge_sample(self, now: float, sample: Sample, connected: set[str]) -> None:
        # A count that fell belongs to a new process.
        advanced = self._done is None or sample.done != self._done
        self._done, self._pending = sample.done, sample.pending
        if advanced:
            # Whoever came in the same second may have come after it: connections stay as they were.
            self._unproven, self._stalled = False, ""
        self._known &= connected
        self._unseen = bool(connected - self._known)
        if advanced or not (self._pending or self._unseen or self._stalled):
            self._progress, self._unproven = now, False

    def _tell(self, waited: float, reason: str) -> None:
        stalled = waited >= self._stall
        if stalled:
            self._stalled = self._stalled or reason
        self._verdict = Verdict(not stalled, waited < self._restart, reason, stalled)


class Engine:
    """The engine, over the loopback of the pod."""

    def __init__(self, port: int, model: str, patience: float) -> None:
        self._port = port
        self._model = model
        self._patience = patience

    def sample(self) -> tuple[Sample | None, bool]:
        """The metrics, and whether nobody listened."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=METRICS_TIMEOUT)
            try:
                connection.request("GET", "/metrics")
                answer = connection.getresponse()
                text = answer.read().decode("utf-8", "replace")
            finally:
                connection.close()
        except ConnectionRefusedError:
            return None, True
        except (OSError, http.client.HTTPException):
            return None, False
        return (read_metrics(text) if answer.status == 200 else None), False

    def connected(self) -> set[str]:
        tables = []
        for path in ("/proc/net/tcp", "/proc/net/tcp6"):
            try:
                tables.append(Path(path).read_text(encoding="ascii"))
            except OSError:
                continue
        return connections(tables, self._port)

    def answers(self) -> bool:
        """Whether a request of one token is answered in time; a refusal is an answer, too."""
        body = json.dumps({"model": self._model, "prompt": "1", "max_tokens": 1, "temperature": 0})
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._patience)
        try:
            connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True


def watch(engine: Engine, state: Watch, clock: Callable[[], float] = time.monotonic) -> None:
    """Look once a second, for ever."""
    asking: threading.Thread | None = None

    def ask() -> None:
        connected = engine.connected()
        answered = engine.answers()
        state.proof(clock(), answered, connected)

    told = ""
    while True:
        sample, refused = engine.sample()
        state.look(clock(), sample, engine.connected(), refused)
        if state.wants_proof(clock()) and not (asking and asking.is_alive()):
            asking = threading.Thread(target=ask, daemon=True)
            asking.start()
        reason = "" if state.verdict.healthy else state.verdict.reason
        if bool(reason) != bool(told):
            print(f"out: {reason}" if reason else "in: the engine answers", flush=True)
        told = reason
        time.sleep(LOOK_SECONDS)


def serve(state: Watch, port: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            verdict = state.verdict
            good = {"/health": verdict.healthy, "/live": verdict.live}.get(self.path)
            text = json.dumps(verdict._asdict()).encode()
            self.send_response(404 if good is None else 200 if good else 503)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Every half second somebody asks; what changes is printed by watch()."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Whoever asked has read the status and gone."""

    Server(("", port), Handler).serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine-port", type=int, required=True)
    parser.add_argument("--model", required=True, help="the served name, for the request of one token")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stall-seconds", type=float, default=10)
    parser.add_argument("--restart-seconds", type=float, default=60)
    given = parser.parse_args()
    state = Watch(given.stall_seconds, given.restart_seconds)
    # Suspicion and proof together take as long as any other stall.
    engine = Engine(given.engine_port, given.model, max(1.0, given.stall_seconds - SUSPICION_SECONDS))
    threading.Thread(target=watch, args=(engine, state), daemon=True).start()
    serve(state, given.port)


if __name__ == "__main__":
    main()
