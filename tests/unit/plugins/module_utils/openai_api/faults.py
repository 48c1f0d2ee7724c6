"""What servers do wrong, and what the client has to say about it."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.errors import (
    DeadlineExceeded,
    StackError,
    Unreachable,
)
from ansible_collections.inference.stack.plugins.module_utils.openai_api.client import Client
from ansible_collections.inference.stack.plugins.module_utils.openai_api.failures import (
    BrokenAnswer,
    HttpFailure,
    StreamFailure,
    TruncatedStream,
)

from tests.unit.plugins.module_utils.openai_api.raw_server import Behaviour, Peer

ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
ANSWER = json.dumps({"choices": [{"message": {"content": "OK"}}]}).encode()
TOKEN = b'data: {"choices": [{"delta": {"content": "OK"}}]}\n\n'
DONE = b"data: [DONE]\n\n"
OK = b"HTTP/1.1 200 OK\r\n"


def complete(client: Client) -> str:
    return client.complete(ASK).content


def stream(client: Client) -> str:
    with client.stream(ASK) as chunks:
        return "".join(chunk.content for chunk in chunks)


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def whole(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    return head(f"Content-Length: {len(body)}", *lines, status=status) + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNKED = head("Content-Type: text/event-stream", "Transfer-Encoding: chunked")
LAST = b"0\r\n\r\n"
PACKED = gzip.compress(ANSWER)
DAMAGED = PACKED[:10] + bytes([0xFF] * 9) + PACKED[10:]


def says(*parts: bytes, then: Behaviour = lambda peer: None) -> Behaviour:
    """Reads a request, says the parts, and then does something."""

    def behave(peer: Peer) -> None:
        peer.read_request()
        for part in parts:
            peer.send(part)
        then(peer)

    return behave


def says_at_once(data: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.sock.recv(10)
        peer.send(data)

    return behave


def drips(start: bytes, again: bytes) -> Behaviour:
    return says(start, then=lambda peer: peer.drip(again))


def repeats(start: bytes, again: bytes) -> Behaviour:
    """As fast as it goes, until the client has had enough."""

    def flood(peer: Peer) -> None:
        while not peer.over.is_set():
            peer.send(again)

    return says(start, then=flood)


def in_tls(behaviour: Behaviour) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.start_tls()
        behaviour(peer)

    return behave


def leave_after_hello(peer: Peer) -> None:
    peer.sock.recv(10)


def sends_a_bomb(peer: Peer) -> None:
    """64 MiB of spaces in 64 KiB."""
    engine = zlib.compressobj(wbits=31)
    packed = b"".join(engine.compress(b" " * 2**20) for _ in range(64)) + engine.flush()
    says(whole(packed, "Content-Encoding: gzip"))(peer)


@dataclass(frozen=True)
class Fault:
    """A misbehaving server, how it is asked, and the failure that has to follow."""

    name: str
    behaviour: Behaviour
    error: type[StackError]
    told: str
    call: Callable[[Client], str] = complete
    scheme: str = "http"


HANG = Peer.hang
FAULTS = [
    # Silence
    Fault("hangs before the head", says(then=HANG), DeadlineExceeded, "no answer began"),
    Fault("hangs in the head", says(OK, then=HANG), DeadlineExceeded, "head .* not complete after 17 bytes"),
    Fault("drips its head", drips(OK, b"X-A: b\r\n"), DeadlineExceeded, "head .* not complete after"),
    Fault(
        "hangs in the body",
        says(head("Content-Length: 100"), b"{", then=HANG),
        DeadlineExceeded,
        r"not complete after 41 bytes, the last 0\.\d s before",
    ),
    Fault("hangs in a stream", says(CHUNKED, chunk(TOKEN), then=HANG), DeadlineExceeded, "after", stream),
    Fault("drips a stream", drips(CHUNKED, chunk(TOKEN)), DeadlineExceeded, r"last 0\.0 s before", stream),
    Fault("sends pings only", drips(CHUNKED, chunk(b": ping\n\n")), DeadlineExceeded, "not complete", stream),
    Fault("never gets to the point", repeats(b"", head(status="100 Continue")), DeadlineExceeded, "head"),
    # Connections
    Fault("accepts and leaves", lambda peer: None, Unreachable, "without an answer|reset|Broken pipe"),
    Fault("reads and leaves", says(), Unreachable, "closed the connection without an answer"),
    Fault("resets before the head", says(then=Peer.reset), Unreachable, "broke: Connection reset by peer"),
    Fault(
        "resets in a stream",
        says(CHUNKED, chunk(TOKEN), then=Peer.reset),
        Unreachable,
        r"Connection reset by peer, after \d+ bytes of the answer",
        stream,
    ),
    Fault("says no HTTP", says(b"SSH-2.0-OpenSSH\r\n"), Unreachable, "speaks no HTTP"),
    Fault("says it in TLS", says(b"\x15\x03\x01\x00\x02\x02\x16"), Unreachable, "speaks TLS, not HTTP"),
    # TLS
    Fault("has no TLS", says_at_once(OK), Unreachable, r"TLS with 127\.0\.0\.1:\d+ failed", scheme="https"),
    Fault("is unknown", in_tls(says()), Unreachable, "failed: CERTIFICATE_VERIFY_FAILED", scheme="https"),
    Fault("hangs in TLS", HANG, DeadlineExceeded, "TLS handshake was not completed", scheme="https"),
    Fault("leaves in TLS", leave_after_hello, Unreachable, r"TLS with \S+ failed", scheme="https"),
    # Heads
    Fault("has endless headers", repeats(OK, b"X-A: b\r\n"), Unreachable, "got more than 100 headers"),
    Fault("has an endless header", repeats(OK, b"X" * 9999), Unreachable, "line without end in the head"),
    Fault("announces nonsense", says(head("Content-Length: x")), BrokenAnswer, "no valid length: 'x'"),
    Fault(
        "contradicts itself",
        says(head("Content-Length: 5", "Content-Length: 6"), b"hello"),
        BrokenAnswer,
        "no valid length: '5, 6'",
    ),
    Fault("encodes its transfer", says(head("Transfer-Encoding: br")), BrokenAnswer, "encoding 'br'"),
    # Bodies
    Fault(
        "promises too much", says(head("Content-Length: 9"), b"{}"), BrokenAnswer, "off after 2 of 9 bytes"
    ),
    Fault("promises too little", says(head("Content-Length: 9"), ANSWER), BrokenAnswer, "answered no JSON"),
    Fault("cuts a chunk", says(CHUNKED, b"9\r\ndata"), BrokenAnswer, "5 bytes before the end of", stream),
    Fault(
        "forgets the last chunk", says(CHUNKED, chunk(TOKEN)), BrokenAnswer, "before its last chunk", stream
    ),
    Fault("counts chunks badly", says(CHUNKED, b"x\r\n"), BrokenAnswer, "chunk without a valid size", stream),
    Fault("counts below zero", says(CHUNKED, b"-5\r\n"), BrokenAnswer, "chunk without a valid size", stream),
    Fault("overfills a chunk", says(CHUNKED, b"1\r\nxyz\r\n"), BrokenAnswer, "longer than its size", stream),
    Fault("counts without end", repeats(CHUNKED, b"0"), BrokenAnswer, "chunk without a valid size", stream),
    Fault(
        "trails without end", repeats(CHUNKED + b"0\r\n", b"A: b\r\n"), BrokenAnswer, "headers without end"
    ),
    Fault("sends a bomb", sends_a_bomb, BrokenAnswer, "more than 32 MiB"),
    Fault("breaks gzip", says(whole(DAMAGED, "Content-Encoding: gzip")), BrokenAnswer, "is broken"),
    Fault(
        "cuts gzip",
        says(whole(PACKED[:-9], "Content-Encoding: gzip")),
        BrokenAnswer,
        "ended its compressed answer too early",
    ),
    Fault("uses brotli", says(whole(b"x", "Content-Encoding: br")), BrokenAnswer, "content encoding 'br'"),
    Fault("talks without end", repeats(OK + b"\r\n", b" " * 2**20), BrokenAnswer, "more than 32 MiB"),
    # Answers
    Fault("says nothing", says(whole(b"")), BrokenAnswer, "HTTP 200 with an empty body"),
    Fault("has no content", says(head(status="204 No Content")), BrokenAnswer, "HTTP 204 with an empty body"),
    Fault("streams no content", says(head(status="204 No Content")), HttpFailure, "HTTP 204", stream),
    Fault("says no JSON", says(whole(b"{'a': 1}")), BrokenAnswer, "answered no JSON: {'a': 1}"),
    Fault(
        "says HTML", says(whole(b"<p>hi", "Content-Type: text/html")), BrokenAnswer, "but text/html: <p>hi"
    ),
    Fault("sends NULs", says(whole(b"{}\0\0")), BrokenAnswer, "no JSON: {}��"),
    Fault("nests too deep", says(whole(b"[" * 10**5)), BrokenAnswer, "no JSON"),
    Fault("fails with HTML", says(whole(b"<h1>Oops", status="500 No")), HttpFailure, "HTTP 500: <h1>Oops"),
    Fault(
        "redirects", says(whole(b"", "Location: /v1/x", status="302 F")), HttpFailure, "redirect to /v1/x,"
    ),
    # Streams
    Fault(
        "fails and hangs",
        says(head("Content-Length: 99", status="503 Busy"), then=HANG),
        HttpFailure,
        "answered HTTP 503",
        stream,
    ),
    Fault(
        "redirects a stream",
        says(whole(b"", "Location: http://b/", status="307 T")),
        HttpFailure,
        "a redirect to http://b/, and redirects are not followed",
        stream,
    ),
    Fault(
        "streams HTML",
        says(whole(b"<p>login", "Content-Type: text/html; charset=utf-8")),
        BrokenAnswer,
        "no stream of events but text/html: <p>login",
        stream,
    ),
    Fault("streams no events", says(whole(b"hello")), TruncatedStream, "it began with: hello", stream),
    Fault(
        "fails in a stream",
        says(CHUNKED, chunk(TOKEN), chunk(b'data: {"error": {"message": "no memory"}}\n\n'), LAST),
        StreamFailure,
        "reports an error: .*no memory",
        stream,
    ),
    Fault(
        "stops early", says(CHUNKED, chunk(TOKEN), LAST), TruncatedStream, "after 1 events without", stream
    ),
    Fault(
        "streams no JSON", says(CHUNKED, chunk(b"data: {x\n\n"), LAST), StreamFailure, "not JSON: {x", stream
    ),
    Fault("streams NULs", says(CHUNKED, chunk(b"data: \0\n\n"), LAST), StreamFailure, "not JSON: �", stream),
    Fault(
        "never ends its line",
        repeats(head("Content-Type: text/event-stream"), b"x" * 2**20),
        StreamFailure,
        "line of the stream is longer than 8 MiB",
        stream,
    ),
]


def leaves_after_each(peer: Peer) -> None:
    """Answers, says that the connection stays, and closes it."""
    peer.read_request()
    peer.send(whole(ANSWER))


def closes_after_each(peer: Peer) -> None:
    peer.read_request()
    peer.send(whole(ANSWER, "Connection: close"))


def keeps(*parts: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        while peer.read_request():
            for part in parts:
                peer.send(part)

    return behave


@dataclass(frozen=True)
class Quirk:
    """Something odd that a client has to put up with, and the connections that three calls take."""

    name: str
    behaviour: Behaviour
    call: Callable[[Client], str] = complete
    connections: int = 1


GREETING = head(status="100 Continue")
QUIRKS = [
    Quirk("is in order", keeps(whole(ANSWER))),
    Quirk("closes kept connections", leaves_after_each, connections=3),
    Quirk("closes in order", closes_after_each, connections=3),
    Quirk("ends with the connection", says(OK + b"\r\n" + ANSWER), connections=3),
    Quirk("says to go on", keeps(GREETING + whole(ANSWER))),
    Quirk("packs its answer", keeps(whole(PACKED, "Content-Encoding: gzip"))),
    Quirk("says too much", keeps(whole(ANSWER) + b"surplus"), connections=3),
    Quirk("streams", keeps(CHUNKED + chunk(TOKEN) + chunk(DONE) + LAST), stream),
    Quirk("is done twice", keeps(CHUNKED + chunk(TOKEN) + chunk(DONE + DONE) + LAST), stream),
    Quirk("names no type", keeps(whole(TOKEN + DONE)), stream),
    Quirk("packs its stream", keeps(whole(gzip.compress(TOKEN + DONE), "Content-Encoding: gzip")), stream),
    Quirk(
        "sends bytes alone",
        keeps(CHUNKED, *(chunk(bytes([byte])) for byte in TOKEN + DONE), LAST),
        stream,
    ),
]
