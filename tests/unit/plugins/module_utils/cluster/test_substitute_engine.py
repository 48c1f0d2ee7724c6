"""What answers instead of an engine is health, and late or failing answers in both languages."""

from __future__ import annotations

import inspect
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from ansible_collections.inference.stack.plugins.module_utils.cluster import substitute_engine

ASKED = {"model": "m", "messages": [{"role": "user", "content": "Name a colour."}]}
Start = Callable[..., str]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts it as a pod does, and returns its first address."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(delay: float = 0.0, failing: bool = False, more: tuple[int, ...] = ()) -> str:
        ports = [free_port(), *more]
        settings = json.dumps({"ports": ports, "delay": delay, "failing": failing})
        running.append(
            subprocess.Popen([sys.executable, "-I", "-c", inspect.getsource(substitute_engine), settings])
        )
        for port in ports:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
        return f"http://127.0.0.1:{ports[0]}"

    yield begin
    for process in running:
        process.kill()
        process.wait()


def test_its_health_is_well_on_every_port(start: Start) -> None:
    second = free_port()
    url = start(failing=True, more=(second,))
    for address in (f"{url}/health", f"{url}/api/version", f"http://127.0.0.1:{second}/health"):
        assert requests.get(address, timeout=10).status_code == 200


def test_it_fails_in_both_ways_in_turn(start: Start) -> None:
    url = start(failing=True)
    told = [requests.post(f"{url}/v1/chat/completions", json=ASKED, timeout=10).status_code for _ in range(4)]
    assert told == [503, 500, 503, 500]


def read_openai(response: requests.Response) -> str:
    return str(response.json()["choices"][0]["message"]["content"])


def read_events(response: requests.Response) -> str:
    lines = [line[6:] for line in response.text.splitlines() if line]
    assert lines[-1] == "[DONE]"
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines[:-1]]
    return "".join(choice["delta"].get("content", "") for row in rows for choice in row["choices"])


def read_ollama(response: requests.Response) -> str:
    rows = [json.loads(line) for line in response.text.splitlines()]
    assert [row["done"] for row in rows] == [*[False] * (len(rows) - 1), True]
    return "".join(row["message"]["content"] for row in rows)


@pytest.mark.parametrize(
    ("path", "more", "read"),
    [
        ("/v1/chat/completions", {}, read_openai),
        ("/v1/chat/completions", {"stream": True}, read_events),
        ("/api/chat", {"stream": False}, read_ollama),
        ("/api/chat", {"stream": True}, read_ollama),
        ("/api/chat", {}, read_ollama),
    ],
)
def test_it_answers_late_in_the_language_it_is_asked_in(
    start: Start, path: str, more: dict[str, Any], read: Callable[[requests.Response], str]
) -> None:
    url = start(delay=0.3)
    response = requests.post(f"{url}{path}", json={**ASKED, **more}, timeout=10)
    assert response.elapsed.total_seconds() >= 0.3
    assert read(response) == substitute_engine.WORD
