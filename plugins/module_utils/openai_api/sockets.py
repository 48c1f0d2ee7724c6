# SPDX-License-Identifier: Apache-2.0
"""Sockets whose time runs out.

A socket's timeout counts from the last byte, so a server that sends a byte now and then can block a client
forever. Here every wait gets only what is left of one deadline, and the deadline knows what was waited for.
"""

from __future__ import annotations

import contextlib
import io
import queue
import socket
import ssl
import threading
import time
from typing import Any

from ..errors import DeadlineExceeded, StackError, Unreachable

# What a request waits for, one after the other.
NAME, CONNECTION, TUNNEL, HANDSHAKE, SENDING, HEAD, BODY = range(7)
_SILENT = {
    NAME: "the name was not resolved",
    CONNECTION: "the connection was not accepted",
    TUNNEL: "the proxy opened no connection",
    HANDSHAKE: "the TLS handshake was not completed",
    SENDING: "the request was not read",
    HEAD: "no answer began",
}


class Deadline:
    """A point in time that all waiting of one request shares."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.phase = CONNECTION
        self.received = 0
        self._waiting_since = time.monotonic()
        self._end = self._waiting_since + seconds

    def remaining(self) -> float:
        """Seconds left; raises when there are none."""
        now = time.monotonic()
        left = self._end - now
        if left <= 0:
            raise self.exceeded()
        self._waiting_since = now
        return left

    def exceeded(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"no complete answer within {self.seconds:g} s: {self._seen()}")

    def _seen(self) -> str:
        if self.phase in _SILENT and not (self.phase == HEAD and self.received):
            return _SILENT[self.phase]
        part = "the head of the answer" if self.phase == HEAD else "the answer"
        silence = time.monotonic() - self._waiting_since
        return f"{part} was not complete after {self.received} bytes, the last {silence:.1f} s before"


class DeadlineSocket:
    """The part of a socket that http.client uses, with a new deadline for each request."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self.deadline = deadline
        self._readers = 0
        self._closed = False

    def start_tls(self, tls: ssl.SSLContext, host: str, port: int) -> None:
        self.deadline.phase = HANDSHAKE
        self._sock.settimeout(self.deadline.remaining())
        try:
            self._sock = tls.wrap_socket(self._sock, server_hostname=host)
        except socket.timeout:
            raise self.deadline.exceeded() from None
        except ssl.SSLError as error:
            raise Unreachable(
                f"TLS with {host}:{port} failed: {error.reason or error}",
                "Name the authority's certificate, or check the address and scheme.",
            ) from None
        except OSError as error:
            raise Unreachable(f"TLS with {host}:{port} failed: {error.strerror or error}") from None

    def sendall(self, data: Any) -> None:
        left = memoryview(data)
        try:
            while left:
                self._sock.settimeout(self.deadline.remaining())
                left = left[self._sock.send(left) :]
        except socket.timeout:
            raise self.deadline.exceeded() from None

    def receive_into(self, buffer: Any) -> int:
        deadline = self.deadline
        self._sock.settimeout(deadline.remaining())
        try:
            size = self._sock.recv_into(buffer)
        except socket.timeout:
            raise deadline.exceeded() from None
        deadline.received += size
        return size

    def makefile(self, mode: str = "rb", *_args: Any, **_options: Any) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_Reader(self), 65536)

    def reader_closed(self) -> None:
        self._readers -= 1
        self._close_when_unused()

    def close(self) -> None:
        """http.client closes its socket while the response still reads from it, so the last user closes."""
        self._closed = True
        self._close_when_unused()

    def _close_when_unused(self) -> None:
        if self._closed and self._readers <= 0:
            self._sock.close()


class _Reader(io.RawIOBase):
    def __init__(self, owner: DeadlineSocket) -> None:
        super().__init__()
        self._owner = owner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._owner.receive_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._owner.reader_closed()


def _resolve(host: str, port: int, deadline: Deadline) -> list[Any]:
    """The addresses of a host.

    Nothing interrupts the system's resolver. It gets a thread, which ends when the resolver gives up, so that
    the deadline holds even where no name server answers.
    """
    with contextlib.suppress(socket.gaierror):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    deadline.phase = NAME
    answers: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            answers.put([])

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        found = answers.get(timeout=deadline.remaining())
    except queue.Empty:
        raise deadline.exceeded() from None
    if not found:
        raise Unreachable(f"the name {host} does not resolve", "Check the address and DNS.")
    return found


def connect(host: str, port: int, deadline: Deadline) -> DeadlineSocket:
    """Try every address of a host within one deadline."""
    addresses = _resolve(host, port, deadline)
    deadline.phase = CONNECTION
    last: OSError | None = None
    for index, (family, kind, protocol, _name, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            # An address that does not answer must leave time for the next ones.
            sock.settimeout(deadline.remaining() / (len(addresses) - index))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return DeadlineSocket(sock, deadline)
        except OSError as error:
            sock.close()
            last = error
        except StackError:
            sock.close()
            raise
    if isinstance(last, socket.timeout):
        raise deadline.exceeded()
    if isinstance(last, ConnectionRefusedError):
        raise Unreachable(
            f"{host}:{port} refuses connections", "Is the service running, and is this its port?"
        )
    raise Unreachable(f"{host}:{port} cannot be reached: {last.strerror or last if last else 'no address'}")
