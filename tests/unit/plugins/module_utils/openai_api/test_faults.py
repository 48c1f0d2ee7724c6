"""Whatever a server does, a call ends by its deadline, says what was wrong, and leaves nothing behind."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import (
    DeadlineExceeded,
    StackError,
    Unreachable,
)
from ansible_collections.inference.stack.plugins.module_utils.openai_api.client import Client

from tests.unit.plugins.module_utils.openai_api.faults import (
    FAULTS,
    QUIRKS,
    Fault,
    Quirk,
    complete,
)
from tests.unit.plugins.module_utils.openai_api.raw_server import RawServer, full_queue

LIMIT = 0.3
GENEROUS = 10.0  # a busy machine is slow, not broken


def open_sockets() -> set[str]:
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(entry.readlink()))
        except OSError:
            continue  # the listing's own descriptor
    return {link for link in links if link.startswith("socket:")}


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """Threads and sockets of a call are gone when it is over."""
    threads, sockets = set(threading.enumerate()), open_sockets()
    yield
    end = time.monotonic() + GENEROUS
    while time.monotonic() < end:
        left = [thread for thread in threading.enumerate() if thread not in threads]
        if not left and not open_sockets() - sockets:
            return
        time.sleep(0.01)
    raise AssertionError(f"left behind: {left} {open_sockets() - sockets}")


def fail(client: Client, call: Any = complete, limit: float = LIMIT) -> StackError:
    """The failure of a call, which must not take longer than its limit."""
    start = time.monotonic()
    with client, pytest.raises(StackError) as raised:
        call(client)
    assert time.monotonic() - start < limit + GENEROUS
    return raised.value


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_named_in_time(fault: Fault, tls: ssl.SSLContext) -> None:
    limit = LIMIT if fault.error is DeadlineExceeded or "hangs" in fault.name else GENEROUS
    with RawServer(fault.behaviour, tls) as server:
        client = Client(f"{fault.scheme}://127.0.0.1:{server.port}", timeout=limit)
        error = fail(client, fault.call, limit)
    assert type(error) is fault.error
    assert re.search(fault.told, str(error)), str(error)


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
def test_a_quirk_disturbs_nothing(quirk: Quirk) -> None:
    with RawServer(quirk.behaviour) as server:
        with Client(f"http://127.0.0.1:{server.port}", timeout=GENEROUS) as client:
            for _ in range(3):
                assert quirk.call(client) == "OK"
                time.sleep(0.01)
        assert server.connections == quirk.connections


def test_a_port_without_a_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = fail(Client(f"http://127.0.0.1:{port}", timeout=LIMIT))
    assert isinstance(error, Unreachable)
    assert f"127.0.0.1:{port} refuses connections" in str(error)


def test_a_server_that_accepts_nobody() -> None:
    with full_queue() as port:
        error = fail(Client(f"http://127.0.0.1:{port}", timeout=LIMIT))
    assert isinstance(error, DeadlineExceeded)
    assert "the connection was not accepted" in str(error)


def test_a_request_that_is_not_read() -> None:
    with RawServer(lambda peer: peer.hang()) as server:
        client = Client(f"http://127.0.0.1:{server.port}", timeout=LIMIT)
        error = fail(client, lambda client: client.complete({"prompt": "x" * 2**25}))
    assert isinstance(error, DeadlineExceeded)
    assert "the request was not read" in str(error)


def test_a_name_that_does_not_exist() -> None:
    error = fail(Client("http://nowhere.invalid", timeout=GENEROUS), limit=GENEROUS)
    assert isinstance(error, Unreachable)
    assert "the name nowhere.invalid does not resolve" in str(error)


def test_name_servers_that_do_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    resolve = socket.getaddrinfo

    def hang(host: str, port: int, **options: Any) -> Any:
        if "flags" not in options:  # an address in numbers needs no name server
            over.wait(20)
        return resolve(host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    error = fail(Client("http://somewhere.invalid", timeout=LIMIT))
    over.set()
    assert isinstance(error, DeadlineExceeded)
    assert "the name was not resolved" in str(error)
