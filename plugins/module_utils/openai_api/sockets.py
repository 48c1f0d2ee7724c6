# SPDX-License-Identifier: Apache-2.0
"""Sockets whose time runs out.

A socket's timeout counts from the last byte, so a server that drips bytes can hold a client forever. Here
every read and write gets only what is left of one deadline.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from typing import Any

from ..errors import DeadlineExceeded, Unreachable


class Deadline:
    """A point in time that all waiting of one request shares."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left; raises when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.exceeded()
        return left

    def exceeded(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"no complete answer within {self.seconds:g} s")


class DeadlineSocket:
    """The part of a socket that http.client uses, with a deadline that each request sets anew."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self.deadline = deadline
        self._readers = 0
        self._closed = False

    def sendall(self, data: Any) -> None:
        self._sock.settimeout(self.deadline.remaining())
        try:
            self._sock.sendall(data)
        except socket.timeout:
            raise self.deadline.exceeded() from None

    def receive_into(self, buffer: Any) -> int:
        self._sock.settimeout(self.deadline.remaining())
        try:
            return self._sock.recv_into(buffer)
        except socket.timeout:
            raise self.deadline.exceeded() from None

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


def connect(host: str, port: int, deadline: Deadline, tls: ssl.SSLContext | None) -> DeadlineSocket:
    """Try every address of a host within one deadline. (Resolving a name cannot be interrupted.)"""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise Unreachable(f"the name {host} does not resolve", "Check the address and DNS.") from None
    last: OSError | None = None
    for family, kind, protocol, _name, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(deadline.remaining())
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                sock.settimeout(deadline.remaining())
                sock = tls.wrap_socket(sock, server_hostname=host)
            return DeadlineSocket(sock, deadline)
        except ssl.SSLError as error:
            sock.close()
            raise Unreachable(
                f"TLS with {host}:{port} failed: {error.reason or error}",
                "Name the authority's certificate, or check the address and scheme.",
            ) from None
        except OSError as error:
            sock.close()
            last = error
        except DeadlineExceeded:
            sock.close()
            raise
    if isinstance(last, socket.timeout):
        raise deadline.exceeded()
    if isinstance(last, ConnectionRefusedError):
        raise Unreachable(
            f"{host}:{port} refuses connections", "Is the service running, and is this its port?"
        )
    raise Unreachable(f"{host}:{port} cannot be reached: {last.strerror or last if last else 'no address'}")
