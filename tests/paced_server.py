"""An OpenAI-compatible server that sends tokens at known times and remembers when it did.

Usage: python -m tests.paced_server [--first-ms N] [--gap-ms N] [--jitter N] [--tokens-per-chunk N]
         [--late-role] [--refuse WORD]
Prints its port. `GET /truth` tells, and then forgets, when each answer's request came and its chunks were
sent, by time.perf_counter_ns(), which all processes of a Linux machine share.

One thread and one poll for all connections: a server that is late because it is busy would say nothing about
a client.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import selectors
import socket
import time
from dataclasses import dataclass, field
from typing import Any

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Pace:
    """How answers are timed. Times are spread evenly between 1 - jitter and 1 + jitter of their mean."""

    first_ms: float = 100.0
    gap_ms: float = 20.0
    jitter: float = 0.0
    tokens_per_chunk: int = 1
    late_role: bool = False
    refuse: str = ""


@dataclass
class Answer:
    """One stream that is being sent."""

    name: str
    sock: socket.socket
    tokens: int
    prompt_tokens: int
    running_counts: bool
    received_ns: int
    sent_ns: list[int] = field(default_factory=list)
    spoken: int = 0

    def as_plain(self) -> dict[str, Any]:
        return {
            "id": self.name,
            "received_ns": self.received_ns,
            "sent_ns": self.sent_ns,
            "tokens": self.spoken,
        }


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(content: dict[str, Any]) -> bytes:
    return b"data: %s\n\n" % json.dumps(content).encode()


def text_of(content: str | list[dict[str, Any]]) -> str:
    """A message's text; some clients send it in parts."""
    return content if isinstance(content, str) else " ".join(part["text"] for part in content)


class PacedServer:
    """All connections, and a heap of what is due."""

    def __init__(self, pace: Pace, port: int = 0) -> None:
        self.pace = pace
        self._chance = random.Random(1)
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._received: dict[socket.socket, bytes] = {}
        self._due: list[tuple[int, int, Answer]] = []
        self._answers: list[Answer] = []
        self._count = 0

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def serve(self) -> None:
        while True:
            wait = max(0.0, (self._due[0][0] - time.perf_counter_ns()) / 1e9) if self._due else None
            for key, _ in self._selector.select(wait):
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    assert isinstance(key.fileobj, socket.socket)
                    self._read(key.fileobj)
            while self._due and self._due[0][0] <= time.perf_counter_ns():
                due, _, answer = heapq.heappop(self._due)
                self._speak(due, answer)

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received[sock] = b""
        self._selector.register(sock, selectors.EVENT_READ)

    def _read(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(sock)
            del self._received[sock]
            sock.close()
            return
        data = self._received[sock] + data
        head, end, rest = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line[15:])
        if not end or len(rest) < length:
            self._received[sock] = data
            return
        self._received[sock] = rest[length:]
        self._answer(sock, head, rest[:length])

    def _answer(self, sock: socket.socket, head: bytes, content: bytes) -> None:
        now = time.perf_counter_ns()
        if head.startswith(b"GET /truth "):
            told, self._answers = [answer.as_plain() for answer in self._answers], []
            self._reply(sock, "200 OK", told)
            return
        if not head.startswith(b"POST "):
            self._reply(sock, "404 Not Found", {})
            return
        if self.pace.refuse and self.pace.refuse.encode() in content:
            self._reply(sock, "400 Bad Request", {"error": {"message": f"{self.pace.refuse} is unknown"}})
            return
        request = json.loads(content)
        self._count += 1
        words = sum(len(text_of(message["content"]).split()) for message in request["messages"])
        answer = Answer(
            name=f"paced-{self._count}",
            sock=sock,
            tokens=request.get("max_tokens") or request["max_completion_tokens"],
            prompt_tokens=words + 8,
            running_counts=bool(request.get("stream_options", {}).get("continuous_usage_stats")),
            received_ns=now,
        )
        self._answers.append(answer)
        self._send(answer, HEAD + (b"" if self.pace.late_role else self._role(answer)))
        self._put(now + self._spread(self.pace.first_ms), answer)

    def _put(self, due: int, answer: Answer) -> None:
        self._count += 1
        heapq.heappush(self._due, (due, self._count, answer))

    def _role(self, answer: Answer) -> bytes:
        """The empty event that begins every answer."""
        return chunk(self._event(answer, {"role": "assistant", "content": ""}))

    def _spread(self, mean_ms: float) -> int:
        """Nanoseconds around a mean."""
        return int(mean_ms * 1e6 * (1 + self.pace.jitter * self._chance.uniform(-1, 1)))

    def _event(self, answer: Answer, delta: dict[str, Any]) -> bytes:
        finish = "length" if answer.spoken >= answer.tokens else None
        content: dict[str, Any] = {
            "id": answer.name,
            "model": "paced",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        if answer.running_counts:
            content["usage"] = self._usage(answer)
        return event(content)

    @staticmethod
    def _usage(answer: Answer) -> dict[str, int]:
        return {"prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.spoken}

    def _speak(self, due: int, answer: Answer) -> None:
        role = self._role(answer) if self.pace.late_role and not answer.spoken else b""
        count = min(self.pace.tokens_per_chunk, answer.tokens - answer.spoken)
        answer.spoken += count
        data = role + chunk(self._event(answer, {"content": "word " * count}))
        if answer.spoken >= answer.tokens:
            last = event({"id": answer.name, "choices": [], "usage": self._usage(answer)})
            data += chunk(last) + chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"
        else:
            self._put(due + self._spread(self.pace.gap_ms), answer)
        answer.sent_ns.append(time.perf_counter_ns())
        self._send(answer, data)

    def _reply(self, sock: socket.socket, status: str, content: Any) -> None:
        body = json.dumps(content).encode()
        sock.setblocking(True)
        sock.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status.encode(), len(body)) + body)
        sock.setblocking(False)

    @staticmethod
    def _send(answer: Answer, data: bytes) -> None:
        try:
            answer.sock.send(data)
        except OSError:
            answer.spoken = answer.tokens  # the client has left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--first-ms", type=float, default=Pace.first_ms)
    parser.add_argument("--gap-ms", type=float, default=Pace.gap_ms)
    parser.add_argument("--jitter", type=float, default=Pace.jitter)
    parser.add_argument("--tokens-per-chunk", type=int, default=Pace.tokens_per_chunk)
    parser.add_argument("--late-role", action="store_true", help="begin with the first token, as vLLM does")
    parser.add_argument("--refuse", default="", help="answer 400 to requests that hold this word")
    options = parser.parse_args()
    server = PacedServer(Pace(**vars(options)))
    print(server.port, flush=True)
    server.serve()


if __name__ == "__main__":
    main()
