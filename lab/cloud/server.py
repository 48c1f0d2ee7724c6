"""Stands in for a hosted, paid provider: OpenAI's chat completions, and every question is noted.

It needs the standard library alone: ``python3 server.py --port 8200 --key KEY``. Whoever brings another key
hears 401. ``GET /asked`` tells every request since the start, whatever its address was, as
``[{"method": …, "path": …, "model": …, "stream": …}]``: a gateway that checks the provider's health in the
background would show there. Each answer says that it took five tokens and generated one.
"""

from __future__ import annotations

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHAT = "/v1/chat/completions"
WORD = "Violet"
USAGE = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}


class Provider(ThreadingHTTPServer):
    """The server, and what it was asked."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], key: str) -> None:
        self.key = key
        self.asked: list[dict[str, Any]] = []
        super().__init__(address, Exchange)


class Exchange(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Provider

    def do_GET(self) -> None:
        if self.path == "/asked":
            self._reply(200, self.server.asked)
        else:
            self._note({})
            self._reply(404, {"error": {"message": "There is nothing here.", "type": "not_found"}})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request: dict[str, Any] = json.loads(content or b"{}")
        self._note(request)
        if self.headers.get("Authorization") != f"Bearer {self.server.key}":
            self._reply(401, {"error": {"message": "Incorrect API key provided.", "type": "invalid_api_key"}})
        elif self.path != CHAT:
            self._reply(404, {"error": {"message": "There is nothing here.", "type": "not_found"}})
        elif request.get("stream"):
            self._stream(request)
        else:
            message = {"role": "assistant", "content": WORD}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            head = self._head(request, "chat.completion")
            self._reply(200, {**head, "choices": [choice], "usage": USAGE})

    def _note(self, request: dict[str, Any]) -> None:
        self.server.asked.append(
            {
                "method": self.command,
                "path": self.path,
                "model": request.get("model", ""),
                "stream": bool(request.get("stream")),
            }
        )

    @staticmethod
    def _head(request: dict[str, Any], kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": request.get("model", "")}

    def _stream(self, request: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        head = self._head(request, "chat.completion.chunk")
        deltas: list[tuple[dict[str, str], str | None]] = [
            ({"role": "assistant", "content": WORD}, None),
            ({}, "stop"),
        ]
        events: list[dict[str, Any]] = [
            {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]} for delta, end in deltas
        ]
        if (request.get("stream_options") or {}).get("include_usage"):
            events.append({**head, "choices": [], "usage": USAGE})
        for text in (*map(json.dumps, events), "[DONE]"):
            self._chunk(f"data: {text}\n\n".encode())
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _reply(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """What was asked is told by /asked."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", required=True)
    given = parser.parse_args()
    Provider(("", given.port), given.key).serve_forever()


if __name__ == "__main__":
    main()
