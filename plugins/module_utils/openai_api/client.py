# SPDX-License-Identifier: Apache-2.0
"""The calls that probes and benchmarks make."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import InvalidInput
from . import sse, types
from .failures import BrokenAnswer, HttpFailure, excerpt
from .transport import Response, Stream, Transport

_API = "/v1"
# LiteLLM's free one comes first: its /health calls every model, which costs money and minutes.
LIVENESS_PATHS = ("/health/liveliness", "/health")
_NOT_FOUND = (404, 405)


class ChatStream:
    """A streamed answer: headers at once, chunks while they come. Use it in a ``with`` block."""

    def __init__(self, stream: Stream, secrets: Sequence[str]) -> None:
        self._stream = stream
        self._secrets = secrets
        self.headers = stream.headers

    def __enter__(self) -> ChatStream:
        return self

    def __exit__(self, *about: Any) -> None:
        self._stream.__exit__(*about)

    def __iter__(self) -> Iterator[types.Chunk]:
        pieces = iter(self._stream)
        for event in sse.objects(pieces, self._secrets):
            yield types.chunk(event)
        self._stream.finish(pieces)


class Client:
    """One OpenAI-compatible server. ``base_url`` may end with /v1 or not."""

    def __init__(
        self, base_url: str, api_key: str = "", timeout: float = 60.0, tls: ssl.SSLContext | None = None
    ) -> None:
        key = api_key.strip()
        # http.client would repeat a value that no header can carry in its complaint.
        if not key.isascii() or not key.isprintable():
            raise InvalidInput("the API key holds characters that no HTTP header can carry")
        headers = {"Accept": "application/json", "User-Agent": "inference.stack"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self.timeout = timeout
        self._secrets = (key,) if key else ()
        self._transport = Transport(base_url, headers, tls)
        path = self._transport.origin.path
        self._root = path[: -len(_API)] if path.endswith(_API) else path

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *about: Any) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The server's address without /v1."""
        return f"{self._transport.origin}{self._root}"

    def close(self) -> None:
        self._transport.close()

    def check_alive(self, timeout: float | None = None) -> str:
        """Whether the process answers; returns the path that did. Says nothing about any model."""
        path = ""
        for path in LIVENESS_PATHS:
            response = self._transport.request("GET", self._root + path, timeout=timeout or self.timeout)
            if response.status not in _NOT_FOUND:
                self._require_success(f"GET {path}", response)
                return path
        # A server without any of the paths speaks HTTP and knows what it lacks: it lives.
        return path

    def list_models(self, timeout: float | None = None) -> list[types.ModelCard]:
        path = f"{_API}/models"
        response = self._transport.request("GET", self._root + path, timeout=timeout or self.timeout)
        answer = self._object(f"GET {path}", response)
        try:
            return types.model_cards(answer)
        except ValueError as error:
            raise self._broken(f"GET {path}", str(error), response.body) from None

    def complete(self, request: Mapping[str, Any], timeout: float | None = None) -> types.Completion:
        """One whole answer to a chat request in OpenAI's own form."""
        path = f"{_API}/chat/completions"
        start = time.perf_counter()
        response = self._transport.request(
            "POST", self._root + path, self._body(request, stream=False), timeout=timeout or self.timeout
        )
        elapsed = time.perf_counter() - start
        answer = self._object(f"POST {path}", response)
        try:
            return types.completion(answer, response.headers, elapsed)
        except ValueError as error:
            raise self._broken(f"POST {path}", str(error), response.body) from None

    def stream(self, request: Mapping[str, Any], timeout: float | None = None) -> ChatStream:
        """An answer in pieces; ``timeout`` covers all of it."""
        path = f"{_API}/chat/completions"
        stream = self._transport.stream(
            "POST", self._root + path, self._body(request, stream=True), timeout=timeout or self.timeout
        )
        if stream.status != 200:
            with stream:
                body = stream.read()
            raise HttpFailure(f"POST {path}", stream.status, excerpt(body, self._secrets))
        return ChatStream(stream, self._secrets)

    @staticmethod
    def _body(request: Mapping[str, Any], stream: bool) -> bytes:
        return json.dumps({**request, "stream": stream}).encode()

    def _require_success(self, what: str, response: Response) -> None:
        if not 200 <= response.status < 300:
            raise HttpFailure(what, response.status, excerpt(response.body, self._secrets))

    def _object(self, what: str, response: Response) -> dict[str, Any]:
        self._require_success(what, response)
        try:
            answer = json.loads(response.body)
        except ValueError:
            raise self._broken(what, "no JSON", response.body) from None
        if not isinstance(answer, dict):
            raise self._broken(what, "no JSON object", response.body)
        if answer.get("error"):
            raise self._broken(what, "an error inside HTTP 200", response.body)
        return answer

    def _broken(self, what: str, told: str, body: bytes) -> BrokenAnswer:
        return BrokenAnswer(f"{what} answered {told}: {excerpt(body, self._secrets)}")
