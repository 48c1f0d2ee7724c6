# SPDX-License-Identifier: Apache-2.0
"""Server-sent events as LLM servers really send them.

Bytes may be cut anywhere, also within a character or between CR and LF. The parser takes pieces and gives the
events that they complete, so it also reads recordings: pieces with time stamps first, parsing later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .failures import StreamFailure, TruncatedStream, excerpt

DONE = "[DONE]"
_MARK = b"\xef\xbb\xbf"  # a byte order mark may open a stream
_LINE_LIMIT = 8 * 1024 * 1024  # an event is some tokens; what is longer is a mistake


@dataclass(frozen=True)
class Event:
    """One event: its data lines joined, and its name where it has one."""

    data: str
    name: str = ""


class LineSplitter:
    """Cuts bytes into lines that end with LF, CR LF or CR."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []  # pieces of a line that has not ended
        self._size = 0
        self._start = b""
        self._first = True
        self._after_cr = False

    def feed(self, piece: bytes) -> list[bytes]:
        if self._first:
            piece = self._start = self._start + piece
            if len(piece) < len(_MARK) and _MARK.startswith(piece):
                return []
            piece = piece[len(_MARK) :] if piece.startswith(_MARK) else piece
            self._first, self._start = False, b""
        if not piece:
            return []
        # A line is over with its CR; an LF that follows in the next piece belongs to it.
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_cr = piece.endswith(b"\r") if piece else False
        if b"\r" in piece:
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *more = piece.split(b"\n")
        self._keep(first)
        if not more:
            return []
        *lines, rest = more
        lines.insert(0, b"".join(self._rest))
        self._rest, self._size = [], 0
        self._keep(rest)
        return lines

    def _keep(self, part: bytes) -> None:
        if part:
            self._rest.append(part)
            self._size += len(part)
            if self._size > _LINE_LIMIT:
                raise StreamFailure(f"a line of the stream is longer than {_LINE_LIMIT >> 20} MiB")

    def close(self) -> list[bytes]:
        """The last line, when nothing ended it."""
        rest = self._start + b"".join(self._rest)
        self._rest, self._size, self._start = [], 0, b""
        return [rest] if rest else []


class EventParser:
    """Collects lines into events."""

    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._data: list[str] = []
        self._size = 0
        self._name = ""

    def feed(self, piece: bytes) -> list[Event]:
        return self._take(self._lines.feed(piece))

    def close(self) -> list[Event]:
        """Some servers leave out the empty line after their last event."""
        return self._take([*self._lines.close(), b""])

    def _take(self, lines: Iterable[bytes]) -> list[Event]:
        events = []
        for line in lines:
            if not line:
                if self._data:
                    events.append(Event("\n".join(self._data), self._name))
                self._data, self._size, self._name = [], 0, ""
                continue
            # Only whole lines are decoded, so no character is cut. A line that begins with a colon is a
            # comment: its field is empty and is ignored.
            field, _, value = line.decode("utf-8", "replace").partition(":")
            value = value[1:] if value.startswith(" ") else value
            if field == "data":
                self._data.append(value)
                self._size += len(value)
                if self._size > _LINE_LIMIT:
                    raise StreamFailure(f"an event of the stream is longer than {_LINE_LIMIT >> 20} MiB")
            elif field == "event":
                self._name = value
        return events


def events(pieces: Iterable[bytes]) -> Iterator[Event]:
    """Events as soon as their last byte has come."""
    parser = EventParser()
    for piece in pieces:
        yield from parser.feed(piece)
    yield from parser.close()


class ObjectReader:
    """Reads the JSON objects of a chat stream up to its end mark.

    Raises StreamFailure for an error inside the stream, and TruncatedStream at its end when the mark never
    came: a stream that merely stops looks complete to everybody else.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._parser = EventParser()
        self._secrets = tuple(secrets)
        self._seen = 0
        self._began = b""
        self.done = False

    def feed(self, piece: bytes) -> Iterator[dict[str, Any]]:
        """The objects that this piece completes."""
        if not self._seen and len(self._began) < 1024:
            self._began += piece[:1024]
        return self._read(self._parser.feed(piece))

    def close(self) -> Iterator[dict[str, Any]]:
        """The objects that the end of the stream completes."""
        if not self.done:
            yield from self._read(self._parser.close())
        if not self.done:
            began = excerpt(self._began, self._secrets)
            told = f", it began with: {began}" if began and not self._seen else ""
            raise TruncatedStream(f"the stream ended after {self._seen} events without its end mark{told}")

    def _read(self, received: Iterable[Event]) -> Iterator[dict[str, Any]]:
        for event in received:
            text = event.data.strip()
            if text == DONE:
                self.done = True
            if self.done:
                return
            if text:
                content = self._parse(event.name, text)
                if isinstance(content, dict):
                    yield content

    def _parse(self, name: str, text: str) -> Any:
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            # The last event of a cut stream is not JSON either; its beginning helps, too.
            told = excerpt(text.encode(), self._secrets)
            raise StreamFailure(f"event {self._seen + 1} of the stream is not JSON: {told}") from None
        self._seen += 1
        if name == "error" or (isinstance(content, dict) and content.get("error")):
            raise StreamFailure(f"the stream reports an error: {excerpt(text.encode(), self._secrets)}")
        return content


def objects(pieces: Iterable[bytes], secrets: Iterable[str] = ()) -> Iterator[dict[str, Any]]:
    """JSON objects of a chat stream as they come; ends at the end mark. Raises what ObjectReader raises."""
    reader = ObjectReader(secrets)
    for piece in pieces:
        yield from reader.feed(piece)
        if reader.done:
            return
    yield from reader.close()
