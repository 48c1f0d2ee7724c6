# SPDX-License-Identifier: Apache-2.0
"""Where the body of an HTTP answer ends: after a length, after its last chunk, or with the connection.

http.client's own reader calls every fault of a body "incomplete", and collects pieces before
it hands them out.
"""

from __future__ import annotations

import re
from typing import Protocol

_LINE_LIMIT = 4096  # a chunk's size and its extensions
_TRAILER_LIMIT = 65536
_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")


class FramingError(Exception):
    """What the server did wrong, as the end of a sentence that begins with its address."""


class Framing(Protocol):
    """Takes bytes as received and returns those of the body."""

    done: bool
    surplus: bool  # bytes came that belong to no answer

    def feed(self, raw: bytes) -> bytes: ...

    def end(self) -> None:
        """The connection ended. Raises FramingError where that is too early."""


class UntilClose:
    """The body is whatever comes."""

    done = False
    surplus = False

    def feed(self, raw: bytes) -> bytes:
        return raw

    def end(self) -> None:
        self.done = True


class Length:
    """The body has a length that is known before."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._left = length
        self.done = length == 0
        self.surplus = False

    def feed(self, raw: bytes) -> bytes:
        piece = raw[: self._left]
        self._left -= len(piece)
        self.done = self._left == 0
        self.surplus = len(raw) > len(piece)
        return piece

    def end(self) -> None:
        if not self.done:
            came = self._length - self._left
            raise FramingError(f"broke its answer off after {came} of {self._length} bytes")


class Chunked:
    """The body comes in chunks that begin with their size; one of size 0 is the last."""

    def __init__(self) -> None:
        self.done = False
        self.surplus = False
        self._rest = b""
        self._left = 0  # bytes of the current chunk that are still to come
        self._closing = False  # the line end after a chunk's bytes comes next
        self._last = False  # only trailers are still to come
        self._trailers = 0

    def feed(self, raw: bytes) -> bytes:
        text = self._rest + raw if self._rest else raw
        self._rest = b""
        pieces = []
        place = 0
        while place < len(text) and not self.done:
            if self._left:
                piece = text[place : place + self._left]
                self._left -= len(piece)
                self._closing = self._left == 0
                place += len(piece)
                pieces.append(piece)
                continue
            end = text.find(b"\n", place)
            if end < 0:
                self._rest = text[place:]
                self._check_length(len(self._rest))
                break
            self._take_line(text[place:end].rstrip(b"\r"))
            place = end + 1
        self.surplus = self.done and place < len(text)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _take_line(self, line: bytes) -> None:
        self._check_length(len(line))
        if self._closing:
            if line:
                raise FramingError("sent a chunk that is longer than its size")
            self._closing = False
        elif self._last:
            self._trailers += len(line)
            if self._trailers > _TRAILER_LIMIT:
                raise FramingError("sent headers without end after its answer")
            self.done = not line
        else:
            size = _SIZE.fullmatch(line)
            if size is None:
                raise FramingError("sent a chunk without a valid size")
            self._left = int(size.group(1), 16)
            self._last = self._left == 0

    def _check_length(self, length: int) -> None:
        if length > (_TRAILER_LIMIT if self._last else _LINE_LIMIT):
            raise FramingError("sent a chunk without a valid size")

    def end(self) -> None:
        if self._left:
            raise FramingError(f"broke its answer off, {self._left} bytes before the end of a chunk")
        if not self.done:
            raise FramingError("broke its answer off before its last chunk")


def framing_of(status: int, transfer_encoding: str, lengths: str) -> Framing:
    """How the body of an answer ends, from its head. ``lengths`` holds every Content-Length it has."""
    if status < 200 or status in (204, 304):
        return Length(0)
    coding = transfer_encoding.strip().lower()
    if coding == "chunked":
        return Chunked()
    if coding:
        raise FramingError(f"uses the transfer encoding {coding[:40]!r}, which nobody asked for")
    if not lengths:
        return UntilClose()
    values = {value.strip() for value in lengths.split(",")}
    value = values.pop()
    if values or not (value.isascii() and value.isdigit() and len(value) < 16):
        raise FramingError(f"announces no valid length: {lengths[:40]!r}")
    return Length(int(value))
