# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between a request and its answer, besides a timeout."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import ProbeFailed

_EXCERPT = 300  # characters of a body that a message repeats
_KEY_LIKE = re.compile(r"\b(sk|hf)[-_][A-Za-z0-9._*-]{4,}")


class HttpFailure(ProbeFailed):
    """An answer whose status is a refusal."""

    def __init__(self, what: str, status: int, excerpt: str) -> None:
        told = f"{what} answered HTTP {status}"
        super().__init__(f"{told}: {excerpt}" if excerpt else told)
        self.status = status
        self.excerpt = excerpt


class BrokenAnswer(ProbeFailed):
    """An answer that is cut off or not what the protocol promises."""


class StreamFailure(ProbeFailed):
    """A stream that reports an error after HTTP 200."""


class TruncatedStream(StreamFailure):
    """A stream that ended without its end mark."""


def redact(text: str, secrets: Iterable[str]) -> str:
    """Removes keys from a server's error, which may repeat them whole or shortened."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return _KEY_LIKE.sub(r"\1-***", text)


def excerpt(body: bytes, secrets: Iterable[str] = ()) -> str:
    """The beginning of a body, on one line and without secrets."""
    # Cut after redacting: a key that is cut would not be recognised.
    text = redact(" ".join(body[: 64 * _EXCERPT].decode("utf-8", "replace").split()), secrets)
    text = "".join(letter if letter.isprintable() else "�" for letter in text)
    return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"
