"""The transport keeps its connection, its deadline and its word about what went wrong."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import (
    DeadlineExceeded,
    InvalidInput,
    Unreachable,
)
from ansible_collections.inference.stack.plugins.module_utils.openai_api.failures import BrokenAnswer
from ansible_collections.inference.stack.plugins.module_utils.openai_api.transport import (
    Transport,
    tls_context,
)

from tests.unit.plugins.module_utils.openai_api.raw_server import Peer, RawServer
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

LIMIT = 0.3


def test_one_connection_serves_many_requests(server: ScriptedServer) -> None:
    server.routes["GET /a"] = lambda exchange: exchange.reply(b"a")
    transport = Transport(server.url)
    assert [transport.request("GET", "/a", timeout=5).body for _ in range(5)] == [b"a"] * 5
    assert server.connections == 1


def test_a_connection_that_the_server_dropped_is_replaced(server: ScriptedServer) -> None:
    def reply_then_leave(exchange: Exchange) -> None:
        exchange.reply(b"a")
        exchange.hang_up()

    server.routes["GET /a"] = reply_then_leave
    transport = Transport(server.url)
    for _ in range(3):
        assert transport.request("GET", "/a", timeout=5).status == 200
        time.sleep(0.02)
    assert server.connections == 3
    assert len(server.requests) == 3


def test_a_server_that_never_answers_is_asked_once(server: ScriptedServer) -> None:
    server.routes["POST /a"] = lambda exchange: exchange.hang_up()
    with pytest.raises(Unreachable, match="closed the connection without an answer"):
        Transport(server.url).request("POST", "/a", b"{}", timeout=5)
    assert len(server.requests) == 1


def test_nagle_is_off(server: ScriptedServer) -> None:
    server.routes["GET /a"] = lambda exchange: exchange.reply(b"a")
    transport = Transport(server.url)
    transport.request("GET", "/a", timeout=5)
    wrapped: Any = transport._connection.sock
    assert wrapped._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_header_values_keep_repeats_and_lose_case(server: ScriptedServer) -> None:
    def reply(exchange: Exchange) -> None:
        exchange.write(b"HTTP/1.1 200 OK\r\nX-Tier: gpu\r\nx-tier: cpu\r\nContent-Length: 0\r\n\r\n")

    server.routes["GET /a"] = reply
    assert Transport(server.url).request("GET", "/a", timeout=5).headers["x-tier"] == "gpu, cpu"


def silent(exchange: Exchange) -> None:
    exchange.server.script.over.wait(10)


def dripping_head(exchange: Exchange) -> None:
    exchange.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000, 0.05)


def dripping_body(exchange: Exchange) -> None:
    exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    exchange.drip(b"x" * 1000, 0.05)


def dripping_chunks(exchange: Exchange) -> None:
    exchange.start_chunks()
    exchange.drip(b"1\r\nx\r\n" * 500, 0.05)


@pytest.mark.parametrize("route", [silent, dripping_head, dripping_body, dripping_chunks])
def test_the_deadline_counts_from_the_start(
    server: ScriptedServer, route: Callable[[Exchange], None]
) -> None:
    server.routes["GET /a"] = route
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"within 0\.3 s"):
        Transport(server.url).request("GET", "/a", timeout=LIMIT)
    assert LIMIT * 0.9 <= time.monotonic() - start < 4


def test_a_new_request_has_a_new_deadline(server: ScriptedServer) -> None:
    server.routes["GET /a"] = lambda exchange: exchange.reply(b"a")
    transport = Transport(server.url)
    transport.request("GET", "/a", timeout=0.4)
    time.sleep(0.45)
    assert transport.request("GET", "/a", timeout=5).status == 200
    assert server.connections == 1


def test_a_transport_works_again_after_a_deadline(server: ScriptedServer) -> None:
    server.routes["GET /slow"] = dripping_body
    server.routes["GET /a"] = lambda exchange: exchange.reply(b"a")
    transport = Transport(server.url)
    with pytest.raises(DeadlineExceeded):
        transport.request("GET", "/slow", timeout=0.1)
    assert transport.request("GET", "/a", timeout=5).body == b"a"


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
def test_a_body_that_breaks_off_is_no_body(server: ScriptedServer, raw: bytes) -> None:
    def reply(exchange: Exchange) -> None:
        exchange.write(raw)
        exchange.hang_up()

    server.routes["GET /a"] = reply
    with pytest.raises(BrokenAnswer, match="broke its answer off"):
        Transport(server.url).request("GET", "/a", timeout=5)


def test_a_body_without_length_ends_with_the_connection(server: ScriptedServer) -> None:
    def reply(exchange: Exchange) -> None:
        exchange.write(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        exchange.hang_up()

    server.routes["GET /a"] = reply
    assert Transport(server.url).request("GET", "/a", timeout=5).body == b"all of it"


def test_tls_to_a_plain_server_fails_readably(server: ScriptedServer) -> None:
    with pytest.raises(Unreachable, match=r"TLS with 127\.0\.0\.1"):
        Transport(server.url.replace("http", "https")).request("GET", "/", timeout=2)


def test_proxies_of_the_environment_are_not_used(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.routes["GET /a"] = lambda exchange: exchange.reply(b"a")
    assert Transport(server.url).request("GET", "/a", timeout=5).status == 200


@pytest.mark.parametrize("secure", [False, True])
def test_a_proxy_is_used_when_asked_for(server: ScriptedServer, secure: bool) -> None:
    """Plain requests pass through it whole; for others it opens a connection and sees only that."""
    server.routes["GET http://models.invalid:80/v1"] = lambda exchange: exchange.reply(b"through")
    url = "https://models.invalid" if secure else "http://models.invalid"
    transport = Transport(url, proxy=server.url)
    if secure:
        with pytest.raises(Unreachable, match=r"the proxy http://127\S* answered HTTP 501 and opened no"):
            transport.request("GET", "/v1", timeout=5)
    else:
        assert transport.request("GET", "/v1", timeout=5).body == b"through"


def test_tls_passes_through_a_proxy(tls: ssl.SSLContext) -> None:
    asked = []

    def proxy(peer: Peer) -> None:
        asked.append(peer.read_request())
        peer.send(b"HTTP/1.1 200 Go ahead\r\n\r\n")
        peer.start_tls()
        while request := peer.read_request():
            asked.append(request)
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")

    with RawServer(proxy, tls) as server:
        transport = Transport(
            "https://models.invalid", tls=tls_context(verify=False), proxy=f"http://127.0.0.1:{server.port}"
        )
        answers = [transport.request("GET", "/v1", timeout=5).body for _ in range(2)]
        transport.close()
    assert answers == [b"a", b"a"]
    assert [request.split(b"\r\n")[0] for request in asked] == [
        b"CONNECT models.invalid:443 HTTP/1.1",
        b"GET /v1 HTTP/1.1",
        b"GET /v1 HTTP/1.1",
    ]


def test_a_proxy_has_an_address_without_tls() -> None:
    with pytest.raises(InvalidInput, match="Begin its address with http://"):
        Transport("http://host", proxy="https://proxy")


def test_certificates_may_be_unknown_when_asked_for() -> None:
    assert tls_context(verify=False).check_hostname is False


def test_times_are_those_of_the_wire(server: ScriptedServer) -> None:
    written: list[int] = []

    def reply(exchange: Exchange) -> None:
        for act in (exchange.start_chunks, lambda: exchange.chunk(b"a"), lambda: exchange.chunk(b"b")):
            time.sleep(0.02)
            written.append(time.perf_counter_ns())
            act()
        exchange.end_chunks()

    server.routes["GET /a"] = reply
    start = time.perf_counter_ns()
    with Transport(server.url).stream("GET", "/a", timeout=5) as stream:
        pieces = list(stream.stamped())
    seen = [stream.head_ns, *(moment for moment, _ in pieces)]
    assert [piece for _, piece in pieces] == [b"a", b"b"]
    times = [start, stream.sent_ns, *seen, time.perf_counter_ns()]
    assert times == sorted(times)
    # One clock for both sides: nothing is stamped before it was written, nor taken for what came before.
    assert all(moment > sent for moment, sent in zip(seen, written, strict=True))
