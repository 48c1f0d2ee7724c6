"""Events survive every way of cutting a stream, and a stream that is not whole never passes for one."""

from __future__ import annotations

import itertools
import json
import random

import pytest
from ansible_collections.inference.stack.plugins.module_utils.openai_api.failures import (
    StreamFailure,
    TruncatedStream,
)
from ansible_collections.inference.stack.plugins.module_utils.openai_api.sse import (
    Event,
    EventParser,
    events,
    objects,
)

WHOLE = (
    "\ufeff: opened\n"
    'data: {"t": "grüß"}\r\n\r\n'
    'data:{"t": "😀 日本"}\n\n'
    "event: note\r\nid: 7\r\nretry: 10\r\ndata: first\r\ndata:  second\r\n\r\n"
    ": ping\n\n"
    "event: lonely\n\n"
    "data\n\n"
    'data: {"t": "cr"}\r\r'
    "data: [DONE]\n\n"
).encode()
EXPECTED = [
    Event('{"t": "grüß"}'),
    Event('{"t": "😀 日本"}'),
    Event("first\n second", "note"),
    Event(""),
    Event('{"t": "cr"}'),
    Event("[DONE]"),
]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def test_a_whole_stream() -> None:
    assert list(events([WHOLE])) == EXPECTED


def test_every_single_cut_gives_the_same_events() -> None:
    for place in range(len(WHOLE) + 1):
        assert list(events(cut(WHOLE, [place]))) == EXPECTED, place


def test_single_bytes_give_the_same_events() -> None:
    assert list(events(WHOLE[i : i + 1] for i in range(len(WHOLE)))) == EXPECTED


def test_random_cuts_give_the_same_events() -> None:
    chance = random.Random(20)
    for _ in range(400):
        places = [chance.randrange(len(WHOLE) + 1) for _ in range(chance.randrange(1, 30))]
        assert list(events(cut(WHOLE, places))) == EXPECTED, places


def test_an_event_comes_with_its_last_byte() -> None:
    parser = EventParser()
    assert parser.feed(b"data: a\n") == []
    assert parser.feed(b"\n") == [Event("a")]


def test_a_line_is_over_with_its_carriage_return() -> None:
    parser = EventParser()
    assert parser.feed(b"data: a\r\n\r") == [Event("a")]
    assert parser.feed(b"\ndata: b\r\r") == [Event("b")]


def test_objects_before_an_error_come_first() -> None:
    received = []
    with pytest.raises(StreamFailure, match="not JSON"):
        for found in objects([b'data: {"a": 1}\n\ndata: ' + b"[" * 100_000 + b"\n\n"]):
            received.append(found)
    assert received == [{"a": 1}]


def test_random_texts_come_back() -> None:
    chance = random.Random(7)
    letters = 'aä€😀 :\\"\t{}'
    for _ in range(100):
        sent = ["".join(chance.choices(letters, k=chance.randrange(20))) for _ in range(5)]
        ending = chance.choice(["\n", "\r\n", "\r"])
        stream = "".join(f"data: {json.dumps({'t': text})}{ending}{ending}" for text in sent)
        stream += f"data: [DONE]{ending}{ending}"
        data = stream.encode()
        places = [chance.randrange(len(data)) for _ in range(8)]
        assert [found["t"] for found in objects(cut(data, places))] == sent


@pytest.mark.parametrize("end", [b"data: [DONE]\n\n", b"data:[DONE]\n", b"data: [DONE]"])
def test_the_end_mark_needs_no_empty_line(end: bytes) -> None:
    assert list(objects([b'data: {"a": 1}\n\n', end])) == [{"a": 1}]


def test_nothing_after_the_end_mark_counts() -> None:
    assert list(objects([b'data: [DONE]\n\ndata: {"a": 1}\n\n'])) == []


def test_empty_data_is_skipped() -> None:
    assert list(objects([b"data:\n\n", b"data: [DONE]\n\n"])) == []


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        (b'data: {"a": 1}\n\n', "ended after 1 events"),
        (b"", "ended after 0 events"),
        (b": only comments\n\n", "ended after 0 events"),
    ],
)
def test_a_stream_without_its_end_mark_is_truncated(stream: bytes, told: str) -> None:
    with pytest.raises(TruncatedStream, match=told):
        list(objects([stream]))


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error": {"message": "out of memory"}}\n\n',
        b'event: error\ndata: {"message": "out of memory"}\n\n',
        b'data: {"cut": "out of memory\n\n',
    ],
)
def test_an_error_inside_the_stream_is_one(event: bytes) -> None:
    received = []
    with pytest.raises(StreamFailure, match="out of memory"):
        for found in objects([b'data: {"a": 1}\n\n', event, b"data: [DONE]\n\n"]):
            received.append(found)
    assert received == [{"a": 1}]


def test_secrets_in_stream_errors_are_cut_out() -> None:
    with pytest.raises(StreamFailure) as raised:
        list(objects([b'data: {"error": "key geheim-1 is unknown"}\n\n'], ["geheim-1"]))
    assert "geheim" not in str(raised.value)
