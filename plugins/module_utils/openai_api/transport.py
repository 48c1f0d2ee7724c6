# SPDX-License-Identifier: Apache-2.0
"""HTTP over one kept connection: no proxies, no redirects, no waiting beyond a deadline."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import cast
from urllib.parse import urlsplit

from ..errors import InvalidInput, StackError, Unreachable
from .failures import BrokenAnswer
from .sockets import Deadline, DeadlineSocket, connect

_BODY_LIMIT = 32 * 1024 * 1024  # an answer is text; what is longer is a mistake
_PIECE = 65536
# A server may close a kept connection at any moment; these say that it did, before it read the next request.
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ConnectionAbortedError)


@dataclass(frozen=True)
class Origin:
    """Where a server listens, and the path below which it serves."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Origin:
        url = url.strip()
        if not url.isascii() or any(char <= " " for char in url):
            raise InvalidInput("the URL holds characters that no address has", "Write them percent-encoded.")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise InvalidInput(f"{url!r} has no valid host or port") from None
        if parts.username or parts.password:
            raise InvalidInput("the URL holds a user name or password", "Pass the key as api_key instead.")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(f"{url!r} is not an address", "Begin it with http:// or https://.")
        default = 443 if parts.scheme == "https" else 80
        return cls(parts.scheme, parts.hostname, port or default, parts.path.rstrip("/"))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True)
class Response:
    """A complete answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Connection(http.client.HTTPConnection):
    """http.client's protocol over a socket with a deadline."""

    def __init__(self, origin: Origin, tls: ssl.SSLContext | None) -> None:
        super().__init__(origin.host, origin.port)
        self.default_port = 443 if origin.scheme == "https" else 80
        self.deadline = Deadline(0)
        self._tls = tls

    def connect(self) -> None:
        # http.client needs no more of a socket than DeadlineSocket has.
        self.sock = cast("socket.socket", connect(self.host, self.port, self.deadline, self._tls))

    def begin(self, deadline: Deadline) -> bool:
        """Start a request's time; tells whether the connection has been used before."""
        self.deadline = deadline
        if self.sock is None:
            return False
        cast("DeadlineSocket", self.sock).deadline = deadline
        return True


class Stream:
    """An answer that is read while it comes. Use it in a ``with`` block, or read it to its end."""

    def __init__(self, transport: Transport, response: http.client.HTTPResponse) -> None:
        self._transport = transport
        self._response = response
        self.status = response.status
        self.headers = _headers(response)

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

    def __iter__(self) -> Iterator[bytes]:
        """Bytes as they arrive, not gathered to a certain size."""
        with self._transport.guarded():
            while True:
                piece = self._response.read1(_PIECE)
                if not piece:
                    break
                yield piece
            if self._response.length:
                raise http.client.IncompleteRead(b"", self._response.length)
            # read1() does not notice by itself that a body of known length is complete.
            self._response.close()

    def finish(self, pieces: Iterator[bytes], patience: float = 1.0) -> None:
        """Read what follows the last word, so that the connection can be kept; give up soon."""
        if self._transport.hasten(patience):
            # A failure here has dropped the connection, which is all that it means: the answer is complete.
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
        self, base_url: str, headers: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.origin = Origin.parse(base_url)
        self._headers = dict(headers or {})
        if self.origin.scheme == "https":
            tls = tls or ssl.create_default_context()
        self._connection = _Connection(self.origin, tls if self.origin.scheme == "https" else None)

    def close(self) -> None:
        self._connection.close()

    def hasten(self, seconds: float) -> bool:
        """Leave the current answer this much more time; tells whether its connection can be kept at all."""
        return self._connection.begin(Deadline(seconds))

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Turns what http.client and sockets raise into readable failures, and drops the connection."""
        try:
            yield
        except http.client.IncompleteRead:
            self.close()
            raise BrokenAnswer(f"{self.origin} broke its answer off") from None
        except http.client.HTTPException as error:
            self.close()
            told = (
                "closed the connection without an answer" if isinstance(error, _STALE) else "speaks no HTTP"
            )
            raise Unreachable(f"{self.origin} {told}") from None
        except OSError as error:
            self.close()
            raise Unreachable(f"the connection to {self.origin} broke: {error.strerror or error}") from None
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
                response = self._send(method, path, body, headers)
            except _STALE:
                if not kept:
                    raise
                self._connection.close()
                response = self._send(method, path, body, headers)
        return Stream(self, response)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        self._connection.request(method, path, body=body, headers=dict(headers))
        return self._connection.getresponse()


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
