"""The watchdog tells a hanging engine from one that is busy, idle, loading or gone."""

from __future__ import annotations

import http.client
import importlib.util
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.playbook_run import ROOT

PROGRAM = ROOT / "roles/vllm/files/engine_watchdog.py"
spec = importlib.util.spec_from_file_location("engine_watchdog", PROGRAM)
assert spec is not None and spec.loader is not None
watchdog = importlib.util.module_from_spec(spec)
spec.loader.exec_module(watchdog)

METRICS = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
vllm:num_requests_running{engine="0",model_name="m"} 2.0
vllm:num_requests_waiting{engine="0",model_name="m"} 3.0
vllm:iteration_tokens_total_bucket{engine="0",le="1.0",model_name="m"} 7.0
vllm:iteration_tokens_total_count{engine="0",model_name="m"} 40.0
vllm:iteration_tokens_total_count{engine="1",model_name="m"} 2.0
"""
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0100007F:1F40 0700002A:8001 01 00000000:00000000 00:00000000 00000000     0        0 2
   2: 0100007F:1F40 0700002A:8002 06 00000000:00000000 00:00000000 00000000     0        0 3
   3: 0700002A:8003 0100007F:1F40 01 00000000:00000000 00:00000000 00000000     0        0 4
"""


def test_metrics_and_connections_are_read_as_vllm_and_linux_write_them() -> None:
    assert watchdog.read_metrics(METRICS) == watchdog.Sample(done=42.0, pending=5.0)
    assert watchdog.connections([TABLE], 8000) == {"0700002A:8001"}


class Clock:
    """One engine, watched for a while: a look a second."""

    def __init__(self) -> None:
        self.watch = watchdog.Watch(stall=10, restart=60)
        self.now = 1000.0
        self.done = 5.0
        self.proofs = 0

    def run(
        self,
        seconds: int,
        *,
        work: float = 0.0,
        pending: float = 0.0,
        connected: tuple[str, ...] = (),
        answers: bool | None = None,
    ) -> Any:
        """``work`` iterations a second. ``answers`` is what a request of one token would meet."""
        for _ in range(seconds):
            self.now += 1
            self.done += work
            self.watch.look(self.now, watchdog.Sample(self.done, pending), set(connected))
            if answers is not None and self.watch.wants_proof(self.now):
                self.proofs += 1
                self.done += answers
                self.watch.proof(self.now, answers, set(connected))
        return self.watch.verdict

    def silent(self, seconds: int, refused: bool = False) -> Any:
        for _ in range(seconds):
            self.now += 1
            self.watch.look(self.now, None, set(), refused)
        return self.watch.verdict


def test_a_loading_engine_gets_no_requests_and_is_left_alone() -> None:
    verdict = Clock().silent(3600, refused=True)
    assert (verdict.healthy, verdict.live) == (False, True)


@pytest.mark.parametrize("hours", [1])
def test_an_idle_engine_is_well(hours: int) -> None:
    clock = Clock()
    verdict = clock.run(3600 * hours, answers=True)
    assert (verdict.healthy, verdict.live, clock.proofs) == (True, True, 0)


def test_a_busy_engine_is_well_however_many_wait() -> None:
    clock = Clock()
    for _ in range(60):
        assert clock.run(9, pending=100, connected=("a", "b"))[:2] == (True, True)  # one long step
        assert clock.run(1, work=1, pending=100, connected=("a", "b"))[:2] == (True, True)


def test_an_engine_that_hangs_while_it_works_goes_out_and_is_then_restarted() -> None:
    clock = Clock()
    assert clock.run(5, work=1, pending=2).healthy
    assert clock.run(9, pending=2, answers=False).healthy
    verdict = clock.run(2, pending=2, answers=False)
    assert (verdict.healthy, verdict.live) == (False, True)
    assert verdict.reason == "2 requests wait, and none advanced for 11 s"
    assert clock.run(48, pending=2, answers=False).live
    assert not clock.run(2, pending=2, answers=False).live


def test_a_request_that_waits_for_its_grammar_is_no_hang() -> None:
    """vLLM compiles it beside the engine, which takes tens of seconds on a small machine."""
    clock = Clock()
    clock.run(5)
    assert clock.run(300, pending=1, connected=("new",), answers=True)[:2] == (True, True)


def test_a_request_that_comes_after_the_hang_is_seen_too() -> None:
    """The gauges stay at 0 then: the part that writes them hangs."""
    clock = Clock()
    clock.run(100)
    assert clock.run(9, connected=("new",), answers=False).healthy
    verdict = clock.run(3, connected=("new",), answers=False)
    assert not verdict.healthy
    assert not clock.run(60, connected=("new",), answers=False).live
    assert clock.run(1, work=1, connected=("new",)).healthy  # it came back


@pytest.mark.parametrize("others", [(), ("a", "b")])
def test_a_request_that_comes_in_the_second_of_the_hang_is_seen_too(others: tuple[str, ...]) -> None:
    """The engine still ended something then, and no gauge counts the new one yet."""
    clock = Clock()
    clock.run(5, work=1, pending=2, connected=others, answers=True)
    clock.run(1, work=1, connected=(*others, "new"), answers=True)
    assert not clock.run(12, connected=(*others, "new"), answers=False).healthy


def test_a_request_that_comes_while_the_engine_proves_itself_is_seen_too() -> None:
    clock = Clock()
    clock.run(10)
    clock.run(4, connected=("idle",))
    clock.watch.look(clock.now + 0.5, watchdog.Sample(clock.done, 0), {"idle", "new"})
    clock.watch.proof(clock.now + 0.6, True, {"idle"})
    assert not clock.run(12, connected=("idle", "new"), answers=False).healthy


def test_a_hanging_engine_stays_out_when_those_who_waited_have_gone() -> None:
    """The gateway's proxy cuts them off, so that the next tier answers."""
    clock = Clock()
    clock.run(10)
    assert not clock.run(12, connected=("new",), answers=False).healthy
    assert not clock.run(30, answers=False).healthy
    assert not clock.run(30, answers=False).live
    assert clock.run(2, answers=True)[:2] == (True, True)


def test_a_connection_that_only_idles_costs_one_token_and_no_more() -> None:
    """Prometheus and clients of vllm-api keep theirs open."""
    clock = Clock()
    clock.run(10)
    assert clock.run(3600, connected=("prometheus",), answers=True)[:2] == (True, True)
    assert clock.proofs == 1


def test_a_front_that_is_frozen_counts_like_a_hang() -> None:
    clock = Clock()
    clock.run(5)
    assert clock.silent(9).healthy
    assert not clock.silent(2).healthy
    assert not clock.silent(60).live


def test_an_engine_that_is_gone_is_out_at_once_and_its_restart_is_not_hurried() -> None:
    clock = Clock()
    clock.run(5, pending=1)
    verdict = clock.silent(1, refused=True)
    assert (verdict.healthy, verdict.live) == (False, True)
    assert clock.silent(600, refused=True).live
    clock.done = 0.0
    assert clock.run(1).healthy


class Engine(ThreadingHTTPServer):
    """A server with vLLM's metrics whose work can be stopped."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.frozen = threading.Event()
        self.done = 1


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        engine: Any = self.server
        self._say(f"vllm:iteration_tokens_total_count{{}} {engine.done}\nvllm:num_requests_running{{}} 0\n")

    def do_POST(self) -> None:
        engine: Any = self.server
        self.rfile.read(int(self.headers["Content-Length"]))
        while engine.frozen.is_set():
            time.sleep(0.05)
        engine.done += 1
        self._say("{}")

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    server = Engine()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.frozen.clear()
    server.shutdown()


def test_the_program_takes_a_hanging_engine_out_and_puts_it_back(engine: Engine) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        str(PROGRAM),
        "--model=m",
        f"--engine-port={engine.server_port}",
        f"--port={port}",
    ]
    running = subprocess.Popen([*command, "--stall-seconds=5", "--restart-seconds=8"])
    try:
        wait(lambda: status(port, "/health") == 200)
        engine.frozen.set()
        client = http.client.HTTPConnection("127.0.0.1", engine.server_port, timeout=60)
        client.request("POST", "/v1/completions", json.dumps({}))
        wait(lambda: status(port, "/health") == 503)
        wait(lambda: status(port, "/live") == 503)
        engine.frozen.clear()
        client.getresponse().read()
        wait(lambda: (status(port, "/health"), status(port, "/live")) == (200, 200))
    finally:
        running.kill()
        running.wait()


def status(port: int, path: str) -> int:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        client.request("GET", path)
        return client.getresponse().status
    except OSError:
        return 0
    finally:
        client.close()


def wait(condition: Any) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)
