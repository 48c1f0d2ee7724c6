"""What a recorded stream says: which chunks brought tokens, when, and whether the answer is whole."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.recording import (
    Measured,
    Recording,
    record,
    understand,
)
from ansible_collections.inference.stack.plugins.module_utils.openai_api.transport import Transport

from tests.unit.plugins.module_utils.benchmarking.talker import CHAT, Talker, event
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

DONE = b"data: [DONE]\n\n"
PATH = "/v1/chat/completions"
ASK = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 3, "stream": true}'


def delta(usage: int | None = None, **content: Any) -> bytes:
    counts = {} if usage is None else {"usage": {"prompt_tokens": 9, "completion_tokens": usage}}
    return event({"id": "a-7", "choices": [{"delta": content}], **counts})


def last(tokens: int) -> bytes:
    return event({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": tokens}})


def read(*pieces: bytes, error: str = "", **options: Any) -> Measured:
    """The pieces came at 10, 20, 30 ... ns."""
    stamped = [(10 * place, piece) for place, piece in enumerate(pieces, 1)]
    return understand(Recording(0, pieces=stamped, error=error, end_ns=999, **options), ("geheim",), {}, "")


def test_an_empty_role_delta_is_no_token() -> None:
    found = read(delta(role="assistant", content=""), delta(content="a"), delta(content="b"), last(2), DONE)
    assert found.token_ns == [20, 30]
    assert (found.prompt_tokens, found.output_tokens, found.tokens_estimated) == (9, 2, False)
    assert (found.id, found.error) == ("a-7", "")


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_is_a_token_but_not_visible(field: str) -> None:
    thought = event({"choices": [{"delta": {field: "hm"}}]})
    found = read(thought, delta(content="42"), last(2), DONE)
    assert (found.token_ns, found.visible_ns) == ([10, 20], 20)


def test_a_tool_call_is_a_token() -> None:
    found = read(delta(tool_calls=[{"index": 0}]), last(1), DONE)
    assert (found.token_ns, found.visible_ns, found.error) == ([10], 0, "")


def test_a_token_without_text_shows_in_the_running_count() -> None:
    found = read(
        delta(0, role="assistant"), delta(1, content=""), delta(1, content=""), delta(3, content=""), DONE
    )
    assert found.token_ns == [20, 40]
    assert found.output_tokens == 3


def test_the_last_count_brings_no_token() -> None:
    assert read(delta(content="a"), last(5), DONE).token_ns == [10]


def test_the_only_count_brings_no_token_even_with_choices() -> None:
    """LiteLLM's last event has choices with an empty delta."""
    assert read(delta(content="a"), delta(2, content=None), DONE).token_ns == [10]


def test_without_counts_tokens_are_estimated() -> None:
    found = read(delta(content="a"), delta(content="b"), DONE)
    assert (found.output_tokens, found.tokens_estimated) == (2, True)


def test_an_event_has_the_time_of_its_last_byte() -> None:
    whole = delta(content="ä")
    found = read(whole[:30], whole[30:-1], whole[-1:] + delta(content="b"), last(2) + DONE)
    assert found.token_ns == [30, 30]


def test_a_packed_stream_is_read() -> None:
    packed = gzip.compress(delta(content="a") + last(1) + DONE)
    found = read(packed[:25], packed[25:], headers={"content-encoding": "gzip"})
    assert (found.output_tokens, found.error) == (1, "")


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ((delta(content="a"), last(1)), "ended after 2 events without its end mark"),
        (
            (delta(content="a"), b'data: {"error": "geheim is out of memory"}\n\n', DONE),
            "*** is out of memory",
        ),
        ((last(0), DONE), "the answer holds no token"),
        ((b"data: {x\n\n",), "is not JSON"),
    ],
)
def test_an_answer_that_is_not_whole_is_a_failure(pieces: tuple[bytes, ...], told: str) -> None:
    assert told in read(*pieces).error


def test_what_breaks_after_the_end_mark_breaks_nothing() -> None:
    assert read(delta(content="a"), last(1), DONE, error="the connection broke").error == ""


def test_a_failure_of_the_connection_stays() -> None:
    assert read(delta(content="a"), error="the connection broke").error == "the connection broke"


def ask(server: ScriptedServer, timeout: float = 5) -> tuple[Recording, Transport]:
    transport = Transport(server.url)
    recording = Recording(0)
    record(transport, PATH, ASK, recording, timeout, ())
    return recording, transport


def test_a_recording_holds_what_came_and_when(server: ScriptedServer, talker: Talker) -> None:
    talker.first = talker.gap = 0.03
    talker.headers = {"x-litellm-model-api-base": "http://gpu"}
    recording, transport = ask(server)
    transport.close()
    found = understand(recording, (), {"http://gpu": "gpu"}, "")
    assert (found.error, found.output_tokens, found.tier) == ("", 3, "gpu")
    times = [found.sent_ns, found.head_ns, *found.token_ns, found.end_ns]
    assert times == sorted(times)
    assert all(
        after - before > 20e6 for before, after in zip(found.token_ns, found.token_ns[1:], strict=False)
    )


def test_a_refusal_is_recorded(server: ScriptedServer) -> None:
    recording, _ = ask(server)
    assert recording.status == 404
    assert "answered HTTP 404" in recording.error


def test_a_server_that_lingers_is_left(server: ScriptedServer) -> None:
    def linger(exchange: Exchange) -> None:
        exchange.start_chunks()
        exchange.chunk(delta(content="a") + last(1) + DONE)
        exchange.server.script.over.wait(20)

    server.routes[CHAT] = linger
    recording, _ = ask(server, timeout=60)
    assert (recording.end_ns - recording.sent_ns) / 1e9 < 15
    assert understand(recording, (), {}, "").error == ""
