"""The short commands find every part under its odd name."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.rehearsal import free_port, wait_for

LOGGED = ("gateway", "ollama", "device-plugin", "4o/Tiny.Qwen3")
# Each with a path that it answers without a key.
REACHED = {"gateway": "/health/liveliness", "vllm-api": "/health", "ollama": "/", "4o/Tiny.Qwen3": "/health"}


def test_these_are_all_parts(parts: dict[str, dict[str, Any]]) -> None:
    assert {name for name, row in parts.items() if row["workload"]} == set(LOGGED)
    assert {name for name, row in parts.items() if row["service"]} == set(REACHED)


@pytest.mark.parametrize("part", LOGGED)
def test_logs_finds_it(shown_by: Callable[..., str], parts: dict[str, dict[str, Any]], part: str) -> None:
    lines = shown_by("logs", OF=part, LINES="20").splitlines()
    pods = [line for line in lines if line.startswith("== ")]
    assert [pod.startswith(f"== {parts[part]['name']}-") for pod in pods] == [True], pods
    assert any(line.strip() for line in lines if line not in pods), "an empty log"


@pytest.mark.parametrize("part", REACHED)
def test_port_forward_reaches_it(shown_by: Callable[..., str], part: str) -> None:
    port = free_port()
    command = shown_by("port-forward", TO=part, PORT=str(port))
    with tunnel(command):
        url = f"http://127.0.0.1:{port}{REACHED[part]}"
        wait_for(command, lambda: requests.get(url, timeout=10).status_code == 200, timeout=60)


@contextlib.contextmanager
def tunnel(command: str) -> Iterator[None]:
    """The command, as somebody runs it in a terminal and ends it."""
    process = subprocess.Popen(
        shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)
