"""Streams as servers may send them, cut and damaged at random, and what must hold of every one of them.

The unit tests try some thousand cuts, `make soak` a hundred thousand.
"""

from __future__ import annotations

import itertools
import json
import random
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.inference.stack.plugins.module_utils.openai_api import sse, types
from ansible_collections.inference.stack.plugins.module_utils.openai_api.encodings import decoder_of
from ansible_collections.inference.stack.plugins.module_utils.openai_api.failures import StreamFailure
from ansible_collections.inference.stack.plugins.module_utils.openai_api.framing import Chunked, FramingError
from hypothesis import strategies as st

CUTS = 10
"""Ways to cut each stream that hypothesis comes up with."""

TEXTS = st.text(st.characters(exclude_categories=()), min_size=1, max_size=12)
ENDINGS = st.sampled_from(["\n", "\r\n", "\r"])
COMMENTS = ["", ": ping", ":"]
FIELDS = ["id: 7", "retry: 10", "event: message", "unknown: 5", "data:", "data: null", "data: 7"]


@dataclass(frozen=True)
class Spoken:
    """A stream and what it says."""

    data: bytes
    content: str
    reasoning: str
    tokens: int
    token_chunks: int

    @property
    def end(self) -> int:
        """Where its end mark begins."""
        return self.data.index(b"[DONE]")


@st.composite
def streams(draw: st.DrawFn) -> Spoken:
    """A whole stream in one of the dialects that servers speak."""
    ending = draw(ENDINGS)
    space = draw(st.sampled_from(["", " "]))
    pieces = draw(st.lists(st.tuples(st.booleans(), TEXTS), max_size=8))
    reasoning_name = draw(st.sampled_from(["reasoning", "reasoning_content"]))
    ascii_only = draw(st.booleans())
    tokens = draw(st.integers(0, 10**6))
    usage = {"prompt_tokens": 3, "completion_tokens": tokens}
    events: list[object] = [{"choices": [{"delta": {"role": "assistant", "content": ""}}]}]
    for count, (thinks, text) in enumerate(pieces, 1):
        delta = {reasoning_name if thinks else "content": text}
        # Running counts: only the last one is the answer's.
        events.append({"choices": [{"delta": delta}], "usage": {"completion_tokens": count}})
    events.append({"choices": [], "usage": usage})
    text = draw(st.sampled_from(["", "\ufeff"]))
    for event in events:
        noise = draw(st.sampled_from(COMMENTS + FIELDS))
        text += f"{noise}{ending}{ending if noise.startswith('data') else ''}"
        told = json.dumps(event, ensure_ascii=ascii_only)
        text += f"data:{space}{told}{ending}{ending}"
    text += f"data:{space}[DONE]{ending}{ending}"

    def said(thinks: bool) -> str:
        return "".join(words.encode("utf-8", "replace").decode() for kind, words in pieces if kind == thinks)

    # Halves of characters survive only as escapes; on the wire they are replaced like everything undecodable.
    data = text.encode("utf-8", "replace")
    return Spoken(data, said(False), said(True), tokens, len(pieces))


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def cuts(data: bytes, chance: random.Random) -> list[list[bytes]]:
    """Some ways to cut the data: few places, many places, and once every byte alone."""
    found = [[data[place : place + 1] for place in range(len(data))]]
    while len(found) < CUTS:
        count = chance.choice([1, 2, 5, 30])
        found.append(cut(data, [chance.randrange(len(data) + 1) for _ in range(count)]))
    return found


def read(pieces: Iterable[bytes]) -> tuple[list[types.Chunk], str]:
    """The chunks, and the name of the failure that ended them. Any other exception is a crash."""
    chunks: list[types.Chunk] = []
    try:
        for event in sse.objects(pieces):
            chunks.append(types.chunk(event))
    except StreamFailure as failure:
        return chunks, type(failure).__name__
    return chunks, ""


def gather(chunks: Iterable[types.Chunk], headers: Mapping[str, str], latency_s: float) -> types.Completion:
    """The answer that streamed chunks add up to; tool calls stay the pieces that they came in."""
    received = list(chunks)
    return types.Completion(
        model=next((piece.model for piece in received if piece.model), ""),
        content="".join(piece.content for piece in received),
        reasoning="".join(piece.reasoning for piece in received),
        tool_calls=tuple(call for piece in received for call in piece.tool_calls),
        finish_reason=next((piece.finish_reason for piece in reversed(received) if piece.finish_reason), ""),
        usage=next((piece.usage for piece in reversed(received) if piece.usage), None),
        headers=headers,
        latency_s=latency_s,
    )


def check_cut_stream(spoken: Spoken, chance: random.Random) -> None:
    """However it is cut, everything arrives, and the tokens are counted right."""
    for pieces in cuts(spoken.data, chance):
        chunks, failure = read(pieces)
        assert failure == ""
        found = gather(chunks, {}, 0.0)
        assert (found.content, found.reasoning) == (spoken.content, spoken.reasoning)
        assert found.usage is not None
        assert found.usage.completion_tokens == spoken.tokens
        assert sum(chunk.has_token for chunk in chunks) == spoken.token_chunks


def check_truncated_stream(spoken: Spoken, chance: random.Random) -> None:
    """A stream that breaks off before its end mark never passes for a whole one."""
    whole, _ = read([spoken.data])
    data = spoken.data[: chance.randrange(spoken.end + len("[DONE"))]
    for pieces in cuts(data, chance):
        chunks, failure = read(pieces)
        assert failure
        assert chunks == whole[: len(chunks)]


def check_damaged_stream(spoken: Spoken, chance: random.Random) -> None:
    """Whatever the damage, it is a stream failure or none, and the same for every cut."""
    data = bytearray(spoken.data)
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(data) + 1)
        damage = chance.choice(
            [b"\0", b"\xff", b"\n", b"\r", b"{", b"[" * 3000, b'"', b":", chance.randbytes(4), b"data: "]
        )
        data[place : place + chance.choice([0, 0, 1, 5])] = damage
    expected = read([bytes(data)])
    for pieces in cuts(bytes(data), chance):
        assert read(pieces) == expected


def check_framed_stream(spoken: Spoken, chance: random.Random) -> None:
    """Chunks of any size, packed or not, cut anywhere, give the same bytes; a part never passes for all."""
    packed = chance.random() < 0.5
    data = spoken.data
    if packed:
        engine = zlib.compressobj(wbits=chance.choice([31, 15]))
        places = sorted(chance.randrange(len(data)) for _ in range(3))
        data = b"".join(
            engine.compress(piece) + engine.flush(zlib.Z_SYNC_FLUSH) for piece in cut(data, places)
        )
        data += engine.flush()
    framed = b""
    for piece in cut(data, [chance.randrange(len(data)) for _ in range(chance.randrange(9))]):
        if piece:
            framed += b"%x%s\r\n%s\r\n" % (len(piece), chance.choice([b"", b" ", b";a=b"]), piece)
    framed += b"0\r\n" + chance.choice([b"", b"X-Trailer: 1\r\n"]) + b"\r\n"
    for pieces in cuts(framed, chance):
        assert unframe(pieces, "gzip" if packed else "") == spoken.data
    for pieces in cuts(framed[: chance.randrange(len(framed))], chance):
        assert unframe(pieces, "gzip" if packed else "") is None


def unframe(pieces: Iterable[bytes], coding: str) -> bytes | None:
    """The body, or None where it is not whole."""
    framing, decoder = Chunked(), decoder_of(coding)
    body: list[bytes] = []
    try:
        for piece in pieces:
            body += decoder.feed(framing.feed(piece))
        framing.end()
        decoder.end()
    except FramingError:
        return None
    return b"".join(body)


CHECKS = [check_cut_stream, check_truncated_stream, check_damaged_stream, check_framed_stream]
