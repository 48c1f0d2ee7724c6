# SPDX-License-Identifier: Apache-2.0
"""Content encodings that servers apply although nobody asked for them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from .framing import FramingError

_PIECE = 65536  # a few compressed bytes may expand to gigabytes, so they are unpacked in pieces
_ANY_HEADER = 47  # gzip or zlib, whichever comes
_NO_HEADER = -15  # some servers call this deflate


class Decoder(Protocol):
    def feed(self, piece: bytes) -> Iterator[bytes]: ...

    def end(self) -> None:
        """The body ended. Raises FramingError where its encoding did not."""


class Identity:
    """Nothing to undo."""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        yield piece

    def end(self) -> None:
        pass


class Inflater:
    """Undoes gzip and deflate."""

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(_ANY_HEADER)
        self._first = True

    def feed(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            if self._engine.eof:  # the next member of a gzip file
                self._engine = zlib.decompressobj(_ANY_HEADER)
            text = self._inflate(piece)
            if text:
                yield text
            piece = self._engine.unconsumed_tail or self._engine.unused_data
            # After a full piece, more output may be buffered.
            while not piece and len(text) == _PIECE:
                text = self._inflate(b"")
                if text:
                    yield text

    def _inflate(self, piece: bytes) -> bytes:
        try:
            try:
                return self._engine.decompress(piece, _PIECE)
            except zlib.error:
                if not self._first:
                    raise
                self._engine = zlib.decompressobj(_NO_HEADER)
                return self._engine.decompress(piece, _PIECE)
        except zlib.error:
            raise FramingError("sent an answer whose compression is broken") from None
        finally:
            self._first = False

    def end(self) -> None:
        if not self._first and not self._engine.eof:
            raise FramingError("ended its compressed answer too early")


def decoder_of(content_encoding: str) -> Decoder:
    """What undoes a Content-Encoding header. Raises FramingError for one that the standard library lacks."""
    coding = content_encoding.strip().lower()
    if coding in ("", "identity"):
        return Identity()
    if coding in ("gzip", "x-gzip", "deflate"):
        return Inflater()
    raise FramingError(f"uses the content encoding {coding[:40]!r}, which nobody asked for")
