# SPDX-License-Identifier: Apache-2.0
"""A server that answers instead of an engine: late, or with errors. Its health is always well.

A drill runs it in a pod, handed over as text, so it needs Python and nothing else. It knows as much of the
languages of vLLM and Ollama as the gateway needs to hear an answer of one word.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORD = "Red"
# An engine that broke, and one that is overloaded.
ERRORS = (500, 503)
OPENAI_USAGE = {"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5}
OLLAMA_END = {
    "done": True,
    "done_reason": "stop",
    "total_duration": 1,
    "load_duration": 1,
    "prompt_eval_count": 4,
    "prompt_eval_duration": 1,
    "eval_count": 1,
    "eval_duration": 1,
}


def ollama_answer(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines of an answer of /api/chat: one, unless it streams, as Ollama does by default."""
    head = {"model": asked.get("model", ""), "created_at": "2020-01-01T00:00:00Z"}
    message = {"role": "assistant", "content": WORD}
    if asked.get("stream") is False:
        return [{**head, "message": message, **OLLAMA_END}]
    end = {**head, "message": {"role": "assistant", "content": ""}, **OLLAMA_END}
    return [{**head, "message": message, "done": False}, end]


def openai_answer(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An answer of /v1/chat/completions, or the events of a stream."""
    head: dict[str, Any] = {"id": "chatcmpl-drill", "created": 1, "model": asked.get("model", "")}
    if not asked.get("stream"):
        message = {"role": "assistant", "content": WORD}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return [{**head, "object": "chat.completion", "choices": [choice], "usage": OPENAI_USAGE}]
    head["object"] = "chat.completion.chunk"
    deltas: list[tuple[dict[str, str], str | None]] = [
        ({"role": "assistant", "content": WORD}, None),
        ({}, "stop"),
    ]
    events = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]} for delta, end in deltas
    ]
    return [*events, {**head, "choices": [], "usage": OPENAI_USAGE}]


class Answer(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._whole(200, b"{}")

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        # The gateway asks Ollama this about a model, which is no answer to anybody.
        if path.endswith("/api/show"):
            self._whole(200, b"{}")
            return
        if self.server.settings["failing"]:
            status = self.server.next_error()
            self._whole(status, b'{"error": {"message": "This is a drill.", "code": %d}}' % status)
            return
        time.sleep(self.server.settings["delay"])
        try:
            asked = json.loads(content or b"{}")
        except ValueError:
            asked = {}
        if "/api/" in path:
            self._say("application/x-ndjson", [json.dumps(one) + "\n" for one in ollama_answer(asked)])
        elif asked.get("stream"):
            events = [*map(json.dumps, openai_answer(asked)), "[DONE]"]
            self._say("text/event-stream", [f"data: {event}\n\n" for event in events])
        else:
            self._whole(200, json.dumps(openai_answer(asked)[0]).encode())

    def _whole(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _say(self, kind: str, parts: list[str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in [*parts, ""]:
            data = part.encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *_words: Any) -> None:
        """Silence: checks come twice a second."""


class Server(ThreadingHTTPServer):
    """One port. Many ask at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, family: socket.AddressFamily, address: tuple[str, int], settings: Mapping[str, Any]
    ) -> None:
        self.address_family = family
        self.settings = settings
        self._errors = 0
        super().__init__(address, Answer)

    def server_bind(self) -> None:
        """For IPv4, too, and without looking up the machine's own name."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "", self.server_address[1]

    def next_error(self) -> int:
        self._errors += 1
        return ERRORS[self._errors % len(ERRORS)]


def listen(port: int, settings: Mapping[str, Any]) -> Server:
    try:
        return Server(socket.AF_INET6, ("::", port), settings)
    except OSError:
        return Server(socket.AF_INET, ("0.0.0.0", port), settings)


def main() -> None:
    settings = json.loads(sys.argv[-1])
    servers = [listen(port, settings) for port in settings["ports"]]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main()
