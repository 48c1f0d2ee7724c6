"""A scripted server that streams answers as a test tells it to, and counts who listens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

CHAT = "POST /v1/chat/completions"


@dataclass
class Talker:
    """How answers are given: pauses in seconds, and what the server knows of OpenAI's protocol."""

    first: float = 0.0
    gap: float = 0.0
    counts: bool = True
    unknown: tuple[str, ...] = ()  # words in a request that it refuses
    fails: tuple[str, ...] = ()  # words in a request that it answers with HTTP 500
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, server: ScriptedServer) -> None:
        server.routes[CHAT] = self.answer

    def measured(self) -> list[dict[str, Any]]:
        """What was asked between trial and warm-up and the end: prompts with a plain number."""
        return [
            request
            for request in self.asked
            if "warm-up" not in str(request) and "sample" not in str(request)
        ]

    def answer(self, exchange: Exchange) -> None:
        content = exchange.server.script.requests[-1].content
        request = json.loads(content)
        measured = "warm-up" not in content.decode()
        with self._lock:
            self.asked.append(request)
            self._at_once += measured
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self._answer(exchange, request, content.decode())
        finally:
            with self._lock:
                self._at_once -= measured

    def _answer(self, exchange: Exchange, request: dict[str, Any], content: str) -> None:
        for word in self.unknown:
            if word in content:
                exchange.reply({"error": {"message": f"{word} is unknown"}}, status=400)
                return
        for word in self.fails:
            if word in content:
                exchange.reply(f"no {word} today".encode(), status=500)
                return
        exchange.start_chunks({"Content-Type": "text/event-stream", **self.headers})
        for event in self._events(request):
            exchange.chunk(event)
        exchange.end_chunks()

    def _events(self, request: dict[str, Any]) -> Iterator[bytes]:
        yield event({"id": "a-1", "choices": [{"delta": {"role": "assistant", "content": ""}}]})
        for number in range(request["max_tokens"]):
            time.sleep(self.gap if number else self.first)
            yield event({"choices": [{"delta": {"content": "word "}}]})
        if self.counts:
            words = sum(len(message["content"].split()) for message in request["messages"])
            usage = {"prompt_tokens": 2 * words + 5, "completion_tokens": request["max_tokens"]}
            yield event({"choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"


def event(content: dict[str, Any]) -> bytes:
    return b"data: %s\n\n" % json.dumps(content).encode()
