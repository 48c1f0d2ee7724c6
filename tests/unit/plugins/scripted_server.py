"""A real HTTP server in a thread that answers as a test tells it to, well or badly."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Route = Callable[["Exchange"], None]


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def sent(self) -> dict[str, Any]:
        return json.loads(self.content)


class Exchange(BaseHTTPRequestHandler):
    """One request and the means to answer it; ``write`` sends raw bytes at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server
    asked: Asked

    def handle_any(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked = Asked(self.path, dict(self.headers), content)
        self.server.script.requests.append(self.asked)
        routes = self.server.script.routes
        # A route without a query takes every query.
        route = routes.get(f"{self.command} {self.path}") or routes.get(
            f"{self.command} {self.path.partition('?')[0]}"
        )
        if route is None:
            self.reply({"error": {"message": "no such path"}}, status=404)
        else:
            route(self)

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = handle_any

    def setup(self) -> None:
        super().setup()
        self.server.script.connections += 1

    def reply(self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.write(data)

    def start_chunks(self, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in {"Transfer-Encoding": "chunked", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.write(b"%x\r\n%s\r\n" % (len(data), data))

    def end_chunks(self) -> None:
        self.write(b"0\r\n\r\n")

    def write(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def drip(self, data: bytes, pause: float) -> None:
        """Byte after byte, until the client has had enough or the test is over."""
        for index in range(len(data)):
            if self.server.script.over.wait(pause):
                return
            try:
                self.write(data[index : index + 1])
            except OSError:
                return

    def hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, *_args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    script: ScriptedServer

    def server_bind(self) -> None:
        """Without looking up the machine's own name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, *_args: Any) -> None:
        """Clients that leave early are what the tests are about."""


class ScriptedServer:
    """Routes such as ``"GET /v1/models"`` and what was asked."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.requests: list[Asked] = []
        self.connections = 0
        self.over = threading.Event()
        self._server = Server(("127.0.0.1", 0), Exchange)
        self._server.script = self
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def serve_model(self, name: str = "m", headers: Mapping[str, str] | None = None) -> None:
        """Behave like a healthy engine or gateway with one model."""
        self.routes["GET /health/liveliness"] = lambda exchange: exchange.reply(b'"alive"')
        self.routes["GET /v1/models"] = lambda exchange: exchange.reply({"data": [{"id": name}]})
        self.routes["POST /v1/chat/completions"] = lambda exchange: exchange.reply(
            answer(name), headers=headers
        )


def answer(model: str = "m", content: str = "OK", **message: Any) -> dict[str, Any]:
    return {
        "model": model,
        "choices": [{"index": 0, "message": {"content": content, **message}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
