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


@dataclass(frozen=True)
class Event:
    """One event: its data lines joined, and its name where it has one."""

    data: str
    name: str = ""


class LineSplitter:
    """Cuts bytes into lines that end with LF, CR LF or CR."""

    def __init__(self) -> None:
        self._rest = b""
        self._first = True

    def feed(self, piece: bytes) -> list[bytes]:
        text = self._rest + piece
        if self._first:
            if len(text) < len(_MARK) and _MARK.startswith(text):
                self._rest = text
                return []
            text = text[len(_MARK) :] if text.startswith(_MARK) else text
            self._first = False
        # A CR at the end may be the first half of CR LF: it waits for the next piece.
        held = b"\r" if text.endswith(b"\r") else b""
        text = text[: len(text) - len(held)]
        *lines, rest = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = rest + held
        return lines

    def close(self) -> list[bytes]:
        """The last line, when nothing ended it."""
        rest, self._rest = self._rest.rstrip(b"\r"), b""
        return [rest] if rest else []


class EventParser:
    """Collects lines into events."""

    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._data: list[str] = []
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
                self._data, self._name = [], ""
                continue
            # Decoding whole lines only keeps characters whole. A line that begins with a colon is a comment:
            # its field is empty and falls through.
            field, _, value = line.decode("utf-8", "replace").partition(":")
            value = value[1:] if value.startswith(" ") else value
            if field == "data":
                self._data.append(value)
            elif field == "event":
                self._name = value
        return events


def events(pieces: Iterable[bytes]) -> Iterator[Event]:
    """Events as soon as their last byte has come."""
    parser = EventParser()
    for piece in pieces:
        yield from parser.feed(piece)
    yield from parser.close()


def objects(pieces: Iterable[bytes], secrets: Iterable[str] = ()) -> Iterator[dict[str, Any]]:
    """JSON objects of a chat stream up to its end mark.

    Raises StreamFailure for an error inside the stream and TruncatedStream when the mark never comes: a
    stream that merely stops looks complete to everybody else.
    """
    known = tuple(secrets)
    seen = 0
    for event in events(pieces):
        text = event.data.strip()
        if text == DONE:
            return
        if not text:
            continue
        try:
            content = json.loads(text)
        except ValueError:
            # The last event of a cut stream is no JSON either; what it began with helps as much.
            told = excerpt(text.encode(), known)
            raise StreamFailure(f"event {seen + 1} of the stream is not JSON: {told}") from None
        seen += 1
        if event.name == "error" or (isinstance(content, dict) and content.get("error")):
            raise StreamFailure(f"the stream reports an error: {excerpt(text.encode(), known)}")
        if isinstance(content, dict):
            yield content
    raise TruncatedStream(f"the stream ended after {seen} events without its end mark")
