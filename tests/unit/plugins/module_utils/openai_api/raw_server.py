"""A server that speaks raw bytes, so that it can do everything wrong that a server can."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

END_OF_HEAD = b"\r\n\r\n"


@dataclass
class Peer:
    """One accepted connection, as a behaviour sees it."""

    sock: socket.socket
    number: int
    over: threading.Event
    tls: ssl.SSLContext | None = None
    kept: bytes = field(default=b"", init=False)

    def read_request(self) -> bytes:
        """One request, head and body. Empty when the client has left."""
        data = self.kept
        while END_OF_HEAD not in data:
            more = self.sock.recv(65536)
            if not more:
                return b""
            data += more
        head, _, rest = data.partition(END_OF_HEAD)
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(rest) < length:
            rest += self.sock.recv(65536)
        self.kept = rest[length:]
        return head + END_OF_HEAD + rest[:length]

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def hang(self) -> None:
        """Until the test is over; far beyond every deadline."""
        self.over.wait(20)

    def drip(self, data: bytes, pause: float = 0.02) -> None:
        """Byte after byte, again and again."""
        while True:
            for index in range(len(data)):
                if self.over.wait(pause):
                    return
                self.send(data[index : index + 1])

    def reset(self) -> None:
        """Leave without a proper end: the client gets a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def start_tls(self) -> None:
        assert self.tls is not None
        self.sock = self.tls.wrap_socket(self.sock, server_side=True)


Behaviour = Callable[[Peer], None]


class RawServer:
    """Accepts connections on the loopback and leaves each to the behaviour, in a thread of its own."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self._behaviour = behaviour
        self._tls = tls
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self.connections = 0

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> RawServer:
        self._threads[0].start()
        return self

    def __exit__(self, *_about: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock, self.connections))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        peer = Peer(sock, number, self._over, self._tls)
        # Clients that leave early are what the tests are about.
        with contextlib.suppress(OSError):
            self._behaviour(peer)
        peer.sock.close()
        sock.close()


@contextlib.contextmanager
def full_queue() -> Iterator[int]:
    """A port whose queue of connections is full: whoever connects waits for ever."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])
