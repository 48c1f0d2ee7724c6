# SPDX-License-Identifier: Apache-2.0
"""HTTP over one kept connection: no redirects, no proxy unless asked for, no waiting beyond a deadline."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import cast

from ..errors import InvalidInput, StackError, Unreachable
from .encodings import decoder_of
from .failures import BrokenAnswer
from .framing import FramingError, framing_of
from .origin import Origin
from .sockets import BODY, HEAD, SENDING, TUNNEL, Deadline, DeadlineSocket, connect

_BODY_LIMIT = 32 * 1024 * 1024  # an answer is text; what is longer is a mistake
_PIECE = 65536
# A server may close a kept connection at any moment. These errors mean that it did not read the request.
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ConnectionAbortedError)


@dataclass(frozen=True)
class Response:
    """A complete answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Connection(http.client.HTTPConnection):
    """http.client's protocol over a socket with a deadline."""

    def __init__(self, origin: Origin, tls: ssl.SSLContext | None, proxy: Origin | None) -> None:
        super().__init__(origin.host, origin.port)
        self.default_port = 443 if origin.scheme == "https" else 80
        self.deadline = Deadline(0)
        self._origin = origin
        self._tls = tls
        self._proxy = proxy

    def connect(self) -> None:
        way = self._proxy or self._origin
        sock = connect(way.host, way.port, self.deadline)
        # http.client needs no more of a socket than DeadlineSocket has.
        self.sock = cast("socket.socket", sock)
        if self._tls is not None:
            if self._proxy is not None:
                self._open_tunnel(sock, self._proxy)
            sock.start_tls(self._tls, self.host, self.port)
        self.deadline.phase = SENDING

    def _open_tunnel(self, sock: DeadlineSocket, proxy: Origin) -> None:
        self.deadline.phase = TUNNEL
        target = self._origin.netloc
        sock.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode("ascii"))
        answer = http.client.HTTPResponse(cast("socket.socket", sock), method="CONNECT")
        try:
            answer.begin()
        finally:
            answer.close()
        if answer.status != 200:
            raise Unreachable(f"the proxy {proxy} answered HTTP {answer.status} and opened no connection")

    def begin(self, deadline: Deadline) -> bool:
        """Start a request's deadline; returns whether the connection has been used before."""
        self.deadline = deadline
        deadline.phase = SENDING
        if self.sock is None:
            return False
        cast("DeadlineSocket", self.sock).deadline = deadline
        return True


class Stream:
    """An answer that is read while it comes. Use it in a ``with`` block, or read it to its end.

    ``sent_ns`` and ``head_ns`` tell when, by time.perf_counter_ns(), the request was sent and the head of the
    answer was there.
    """

    def __init__(self, transport: Transport, response: http.client.HTTPResponse, sent_ns: int) -> None:
        self.sent_ns = sent_ns
        self.head_ns = time.perf_counter_ns()
        self._transport = transport
        self._response = response
        self.status = response.status
        self.headers = _headers(response)
        self._framing = framing_of(
            self.status, self.headers.get("transfer-encoding", ""), self.headers.get("content-length", "")
        )

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # What is left unread would be taken for the next answer.
        if not self._response.isclosed():
            self._transport.close()
            self._response.close()

    def stamped(self) -> Iterator[tuple[int, bytes]]:
        """Pieces of the body as they arrive, each with its time; still in their content encoding."""
        framing = self._framing
        with self._transport.guarded():
            read = self._response.fp.read1
            while not framing.done:
                raw = read(_PIECE)
                now = time.perf_counter_ns()
                if not raw:
                    framing.end()
                    break
                piece = framing.feed(raw)
                if piece:
                    yield now, piece
            if framing.surplus:
                self._transport.close()
            self._response.close()

    def __iter__(self) -> Iterator[bytes]:
        """Bytes as they arrive, not gathered to a certain size."""
        with self._transport.guarded():
            decoder = decoder_of(self.headers.get("content-encoding", ""))
            for _time, piece in self.stamped():
                yield from decoder.feed(piece)
            decoder.end()

    def finish(self, pieces: Iterator[bytes], patience: float = 1.0) -> None:
        """Read the rest of the answer, so that the connection can be kept; give up soon."""
        if self._transport.hasten(patience):
            # A failure here has dropped the connection, and nothing else: the answer is complete.
            with contextlib.suppress(StackError):
                for _ in pieces:
                    pass

    def read(self) -> bytes:
        pieces = []
        size = 0
        for piece in self:
            pieces.append(piece)
            size += len(piece)
            if size > _BODY_LIMIT:
                self._transport.close()
                raise BrokenAnswer(f"{self._transport.origin} sent more than {_BODY_LIMIT >> 20} MiB")
        return b"".join(pieces)


class Transport:
    """One server and one connection to it. Not for several threads at once: give each its own."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        proxy: str = "",
    ) -> None:
        self.origin = Origin.parse(base_url)
        self._headers = dict(headers or {})
        through = Origin.parse_proxy(proxy) if proxy else None
        secure = self.origin.scheme == "https"
        # A proxy needs whole addresses, unless it is a tunnel.
        self._prefix = str(self.origin) if through and not secure else ""
        tls = (tls or ssl.create_default_context()) if secure else None
        self._connection = _Connection(self.origin, tls, through)

    def close(self) -> None:
        self._connection.close()

    def hasten(self, seconds: float) -> bool:
        """Give the current answer this much more time; returns whether its connection can be kept."""
        return self._connection.begin(Deadline(seconds))

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Turns what http.client and sockets raise into readable failures, and drops the connection."""
        try:
            yield
        except FramingError as error:
            self.close()
            raise BrokenAnswer(f"{self.origin} {error}") from None
        except http.client.HTTPException as error:
            self.close()
            raise Unreachable(f"{self.origin} {_told(error)}") from None
        except OSError as error:
            self.close()
            received = self._connection.deadline.received
            when = f", after {received} bytes of the answer" if received else ""
            raise Unreachable(
                f"the connection to {self.origin} broke: {error.strerror or error}{when}"
            ) from None
        except BaseException:
            self.close()
            raise

    def request(self, method: str, path: str, body: bytes | None = None, *, timeout: float) -> Response:
        """A complete answer within ``timeout`` seconds, from connecting to the last byte."""
        with self.stream(method, path, body, timeout=timeout) as stream:
            return Response(stream.status, stream.headers, stream.read())

    def stream(self, method: str, path: str, body: bytes | None = None, *, timeout: float) -> Stream:
        """An answer whose head is there; the deadline goes on while its body is read."""
        deadline = Deadline(timeout)
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        with self.guarded():
            kept = self._connection.begin(deadline)
            try:
                return self._send(method, path, body, headers)
            except _STALE:
                if not kept:
                    raise
                self._connection.close()
                deadline.phase = SENDING
                return self._send(method, path, body, headers)

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Stream:
        sent_ns = time.perf_counter_ns()
        self._connection.request(method, self._prefix + path, body=body, headers=dict(headers))
        self._connection.deadline.phase = HEAD
        response = self._connection.getresponse()
        self._connection.deadline.phase = BODY
        try:
            return Stream(self, response, sent_ns)
        except FramingError:
            response.close()
            raise


def _told(error: http.client.HTTPException) -> str:
    if isinstance(error, _STALE):
        return "closed the connection without an answer"
    if isinstance(error, http.client.LineTooLong):
        return "sent a line without end in the head of its answer"
    if isinstance(error, http.client.BadStatusLine):
        secure = "\x03" in str(error)[:12]  # a TLS record begins with its type and version
        return "speaks TLS, not HTTP: its address begins with https://" if secure else "speaks no HTTP"
    return f"sent a head that cannot be read: {error}" if str(error) else "speaks no HTTP"


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def tls_context(verify: bool = True, authority: str = "") -> ssl.SSLContext:
    """How certificates are checked; ``authority`` is the path of a CA's certificate."""
    try:
        context = ssl.create_default_context(cafile=authority or None)
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(f"the certificate authority {authority} cannot be read: {error}") from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
