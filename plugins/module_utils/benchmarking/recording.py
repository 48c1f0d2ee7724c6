# SPDX-License-Identifier: Apache-2.0
"""One streamed answer: first recorded, later parsed.

Recording does as little as possible between two reads. Parsing while streams run was measured to add tens of
milliseconds to the slowest percent of the other streams' times.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import StackError
from ..openai_api import types
from ..openai_api.client import check_stream
from ..openai_api.encodings import decoder_of
from ..openai_api.failures import StreamFailure
from ..openai_api.framing import FramingError
from ..openai_api.sse import ObjectReader
from ..openai_api.transport import Transport
from ..probing.answering_tier import who_answered

CHAT_PATH = "/chat/completions"
# A raw line end after the mark shows that it is no part of an answer's text.
_ENDS = (b"[DONE]\n\n", b"[DONE]\r\n\r\n", b"[DONE]\n", b"[DONE]\r\n")
_LINGER = 1.0  # seconds that a server gets to end its answer after its end mark


@dataclass
class Recording:
    """Times by time.perf_counter_ns(). ``scheduled_ns`` is 0 in a closed loop."""

    index: int
    scheduled_ns: int = 0
    sent_ns: int = 0
    head_ns: int = 0
    end_ns: int = 0
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: list[tuple[int, bytes]] = field(default_factory=list)
    error: str = ""


@dataclass
class Measured:
    """What one request's recording says.

    ``token_ns`` are the times of the chunks that brought tokens. A chunk did when its delta holds content,
    reasoning or a tool call, or when the server's running count grew: a token may have no text of its own.
    """

    index: int
    scheduled_ns: int = 0
    sent_ns: int = 0
    head_ns: int = 0
    end_ns: int = 0
    visible_ns: int = 0
    token_ns: list[int] = field(default_factory=list)
    prompt_tokens: int = 0
    output_tokens: int = 0
    tokens_estimated: bool = False
    id: str = ""
    tier: str = ""
    api_base: str = ""
    error: str = ""

    @property
    def start_ns(self) -> int:
        """In the open loop a request begins when it is due: its user waits from then on."""
        return self.scheduled_ns or self.sent_ns

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)


def record(
    transport: Transport, path: str, body: bytes, recording: Recording, timeout: float, secrets: Sequence[str]
) -> None:
    """Ask and note when what came. A failure is a part of the recording."""
    recording.sent_ns = time.perf_counter_ns()
    pieces = recording.pieces
    try:
        with transport.stream("POST", path, body, timeout=timeout) as stream:
            recording.sent_ns, recording.head_ns = stream.sent_ns, stream.head_ns
            recording.status, recording.headers = stream.status, stream.headers
            check_stream(f"POST {path}", stream, secrets)
            for stamped in stream.stamped():
                pieces.append(stamped)
                if stamped[1].endswith(_ENDS):
                    transport.hasten(_LINGER)
    except StackError as error:
        recording.error = str(error)
    recording.end_ns = time.perf_counter_ns()


def understand(
    recording: Recording, secrets: Sequence[str], tier_map: Mapping[str, str], asked: str
) -> Measured:
    """Parse a recording."""
    origin = who_answered(recording.headers, tier_map, asked)
    found = Measured(
        index=recording.index,
        scheduled_ns=recording.scheduled_ns,
        sent_ns=recording.sent_ns,
        head_ns=recording.head_ns,
        end_ns=recording.end_ns,
        tier=origin.tier,
        api_base=origin.api_base,
        error=recording.error,
    )
    reader = ObjectReader(secrets)
    counter = _Counter(found)
    try:
        decoder = decoder_of(recording.headers.get("content-encoding", ""))
        for moment, raw in recording.pieces:
            for piece in decoder.feed(raw):
                for event in reader.feed(piece):
                    counter.take(moment, event)
        if reader.done:
            found.error = ""  # the answer was complete before its end mark
        elif not found.error:
            for event in reader.close():
                counter.take(recording.end_ns, event)
    except (StreamFailure, FramingError) as error:
        found.error = found.error or str(error)
    counter.finish()
    if not found.error and not found.token_ns:
        found.error = "the answer holds no token"
    return found


class _Counter:
    """Counts the tokens of one answer."""

    def __init__(self, found: Measured) -> None:
        self._found = found
        self._usage: types.Usage | None = None
        self._counted = 0

    def take(self, moment: int, event: Mapping[str, Any]) -> None:
        chunk = types.chunk(event)
        found = self._found
        name = event.get("id")
        if isinstance(name, str):
            found.id = name
        grown = False
        if chunk.usage is not None:
            # A first count may be the only one and come last, with choices (LiteLLM) or without: no token.
            running = self._usage is not None and bool(event.get("choices"))
            grown = running and chunk.usage.completion_tokens > self._counted
            self._usage = chunk.usage
            self._counted = chunk.usage.completion_tokens
        if chunk.has_token or grown:
            found.token_ns.append(moment)
        if chunk.content and not found.visible_ns:
            found.visible_ns = moment

    def finish(self) -> None:
        found = self._found
        if self._usage is not None and self._usage.completion_tokens > 0:
            found.prompt_tokens = self._usage.prompt_tokens
            found.output_tokens = self._usage.completion_tokens
        else:
            # One chunk is about one token where the server does not gather them.
            found.output_tokens = len(found.token_ns)
            found.tokens_estimated = True
