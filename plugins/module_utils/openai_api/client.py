# SPDX-License-Identifier: Apache-2.0
"""The calls that probes and benchmarks make."""

from __future__ import annotations

import contextlib
import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import InvalidInput, StackError
from . import sse, types
from .failures import BrokenAnswer, HttpFailure, excerpt
from .transport import Response, Stream, Transport

API = "/v1"
# LiteLLM's cheap path comes first: its /health calls every model, which costs money and minutes.
LIVENESS_PATHS = ("/health/liveliness", "/health")
_NOT_FOUND = (404, 405)
# Servers that stream name many types, or none; these two say that the answer is no stream.
_NO_STREAM = ("application/json", "text/html")


def refusal(
    what: str, status: int, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]
) -> HttpFailure:
    """The exception for a status that is a refusal."""
    told = excerpt(body, secrets)
    if 300 <= status < 400 and headers.get("location"):
        target = excerpt(headers["location"].encode(), secrets)
        told = f"a redirect to {target}, and redirects are not followed"
    return HttpFailure(what, status, told)


def check_stream(what: str, stream: Stream, secrets: Sequence[str]) -> None:
    """Raises when the head of an answer shows that no events will follow."""
    if stream.status != 200:
        body = b""
        # The status is enough: the body may be broken.
        with stream, contextlib.suppress(StackError):
            body = stream.read()
        raise refusal(what, stream.status, stream.headers, body, secrets)
    if _media_type(stream.headers) in _NO_STREAM:
        with stream:
            told = excerpt(stream.read(), secrets)
        raise BrokenAnswer(f"{what} answered no stream of events{_named_type(stream.headers)}: {told}")


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _named_type(headers: Mapping[str, str]) -> str:
    media_type = _media_type(headers)
    return f" but {media_type[:60]}" if media_type and media_type != "application/json" else ""


def bearer(api_key: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The headers of every request, and the secrets in them."""
    key = api_key.strip()
    # http.client would repeat an invalid header value in its error.
    if not key.isascii() or not key.isprintable():
        raise InvalidInput("the API key has characters that an HTTP header cannot carry")
    headers = {"Accept": "application/json", "User-Agent": "inference.stack"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return headers, ((key,) if key else ())


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
        self,
        base_url: str,
        api_key: str = "",
        timeout: float = 60.0,
        tls: ssl.SSLContext | None = None,
        proxy: str = "",
    ) -> None:
        headers, self._secrets = bearer(api_key)
        self.timeout = timeout
        self._transport = Transport(base_url, headers, tls, proxy)
        path = self._transport.origin.path
        self._root = path[: -len(API)] if path.endswith(API) else path

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
        """Whether the process answers; returns the path that answered. Does not check any model."""
        path = ""
        for path in LIVENESS_PATHS:
            response = self._transport.request("GET", self._root + path, timeout=timeout or self.timeout)
            if response.status not in _NOT_FOUND:
                self._require_success(f"GET {path}", response)
                return path
        # A server without any of these paths answers 404: it is alive.
        return path

    def look_up(self, path: str, timeout: float | None = None) -> bytes | None:
        """What the server has at a path beside the API, such as /metrics; None where it has no such path."""
        response = self._transport.request("GET", self._root + path, timeout=timeout or self.timeout)
        if response.status in _NOT_FOUND:
            return None
        self._require_success(f"GET {path}", response)
        return response.body

    def list_models(self, timeout: float | None = None) -> list[types.ModelCard]:
        path = f"{API}/models"
        response = self._transport.request("GET", self._root + path, timeout=timeout or self.timeout)
        answer = self._object(f"GET {path}", response)
        try:
            return types.model_cards(answer)
        except ValueError as error:
            raise self._broken(f"GET {path}", str(error), response.body) from None

    def complete(self, request: Mapping[str, Any], timeout: float | None = None) -> types.Completion:
        """One whole answer to a chat request in OpenAI's own form."""
        path = f"{API}/chat/completions"
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
        path = f"{API}/chat/completions"
        stream = self._transport.stream(
            "POST", self._root + path, self._body(request, stream=True), timeout=timeout or self.timeout
        )
        check_stream(f"POST {path}", stream, self._secrets)
        return ChatStream(stream, self._secrets)

    @staticmethod
    def _body(request: Mapping[str, Any], stream: bool) -> bytes:
        return json.dumps({**request, "stream": stream}).encode()

    def _require_success(self, what: str, response: Response) -> None:
        if not 200 <= response.status < 300:
            raise refusal(what, response.status, response.headers, response.body, self._secrets)

    def _object(self, what: str, response: Response) -> dict[str, Any]:
        self._require_success(what, response)
        if not response.body.strip():
            raise BrokenAnswer(f"{what} answered HTTP {response.status} with an empty body")
        try:
            answer = json.loads(response.body)
        except (ValueError, RecursionError):
            raise self._broken(what, f"no JSON{_named_type(response.headers)}", response.body) from None
        if not isinstance(answer, dict):
            raise self._broken(what, "no JSON object", response.body)
        if answer.get("error"):
            raise self._broken(what, "an error inside HTTP 200", response.body)
        return answer

    def _broken(self, what: str, told: str, body: bytes) -> BrokenAnswer:
        return BrokenAnswer(f"{what} answered {told}: {excerpt(body, self._secrets)}")
