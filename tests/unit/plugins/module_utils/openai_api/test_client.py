"""The client reads what servers and releases answer differently, and never shows a key."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import DeadlineExceeded, InvalidInput
from ansible_collections.inference.stack.plugins.module_utils.openai_api.client import Client
from ansible_collections.inference.stack.plugins.module_utils.openai_api.failures import (
    BrokenAnswer,
    HttpFailure,
    StreamFailure,
    TruncatedStream,
)
from ansible_collections.inference.stack.plugins.module_utils.openai_api.types import ModelCard, Usage

from tests.unit.plugins.module_utils.openai_api.stream_fuzz import gather
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer, answer

CHAT = "POST /v1/chat/completions"
ASK = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
KEY = "geheim-4711"


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_the_address_may_end_with_v1(server: ScriptedServer, suffix: str) -> None:
    server.serve_model()
    client = Client(server.url + suffix)
    assert client.list_models() == [ModelCard("m")]
    assert client.url == server.url


def test_a_path_before_v1_is_kept(server: ScriptedServer) -> None:
    server.routes["GET /llm/v1/models"] = lambda exchange: exchange.reply({"data": []})
    assert Client(f"{server.url}/llm/v1").list_models() == []


def test_models_with_root_and_length(server: ScriptedServer) -> None:
    rows = [{"id": "m", "root": "org/m", "max_model_len": 8192}, {"id": 5}, "x", {"id": "n", "root": None}]
    server.routes["GET /v1/models"] = lambda exchange: exchange.reply({"data": rows})
    assert Client(server.url).list_models() == [ModelCard("m", "org/m", 8192), ModelCard("n")]


def test_the_key_travels_as_a_bearer_token(server: ScriptedServer) -> None:
    server.serve_model()
    Client(server.url, f" {KEY}\n").list_models()
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"


def test_no_key_sends_no_header(server: ScriptedServer) -> None:
    server.serve_model()
    Client(server.url).list_models()
    assert "Authorization" not in server.requests[0].headers


@pytest.mark.parametrize("key", ["geh\neim", "gehäim", "geh\x00eim"])
def test_an_impossible_key_is_refused_unseen(key: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        Client("http://host", key)
    assert "geh" not in str(raised.value)


def test_liveness_prefers_the_path_that_costs_nothing(server: ScriptedServer) -> None:
    server.serve_model()
    assert Client(server.url).check_alive() == "/health/liveliness"
    assert server.paths() == ["/health/liveliness"]


def test_liveness_of_an_engine(server: ScriptedServer) -> None:
    server.routes["GET /health"] = lambda exchange: exchange.reply(b"")
    assert Client(server.url).check_alive() == "/health"


def test_a_server_without_a_health_path_lives(server: ScriptedServer) -> None:
    assert Client(server.url).check_alive()


def test_a_server_that_says_no_does_not_live(server: ScriptedServer) -> None:
    server.routes["GET /health/liveliness"] = lambda exchange: exchange.reply(b"starting", status=503)
    with pytest.raises(HttpFailure, match="GET /health/liveliness answered HTTP 503: starting"):
        Client(server.url).check_alive()


@pytest.mark.parametrize(
    ("message", "content", "reasoning"),
    [
        ({"content": "42"}, "42", ""),
        ({"content": "42", "reasoning": "15+27"}, "42", "15+27"),
        ({"content": "42", "reasoning_content": "15+27"}, "42", "15+27"),
        ({"content": None, "reasoning": None, "reasoning_content": "hm"}, "", "hm"),
        ({"content": [{"type": "text", "text": "4"}, {"text": "2"}, {"image": 1}]}, "42", ""),
    ],
)
def test_answers_of_every_release(
    server: ScriptedServer, message: dict[str, Any], content: str, reasoning: str
) -> None:
    body = answer()
    body["choices"][0]["message"] = message
    server.routes[CHAT] = lambda exchange: exchange.reply(body, headers={"X-LiteLLM-Model-Id": "7"})
    found = Client(server.url).complete(ASK)
    assert (found.content, found.reasoning, found.model) == (content, reasoning, "m")
    assert found.generated
    assert found.headers["x-litellm-model-id"] == "7"
    assert found.usage is not None and found.usage.completion_tokens == 1
    assert server.requests[0].sent == {**ASK, "stream": False}


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 9, "completion_tokens": 5},
        {"input_tokens": 9, "output_tokens": 5},
    ],
)
def test_usage_by_old_and_new_names(server: ScriptedServer, usage: dict[str, Any]) -> None:
    server.routes[CHAT] = lambda exchange: exchange.reply({**answer(), "usage": usage})
    assert Client(server.url).complete(ASK).usage == Usage(9, 5)


def test_usage_that_counts_nothing(server: ScriptedServer) -> None:
    usage = {"prompt_tokens": -1, "completion_tokens": True, "completion_tokens_details": None}
    server.routes[CHAT] = lambda exchange: exchange.reply({**answer(), "usage": usage})
    assert Client(server.url).complete(ASK).usage == Usage()


def test_the_function_call_of_older_servers_is_a_tool_call(server: ScriptedServer) -> None:
    call = {"name": "f", "arguments": "{}"}
    server.routes[CHAT] = lambda exchange: exchange.reply(answer(content="", function_call=call))
    assert Client(server.url).complete(ASK).tool_calls == (
        {"index": 0, "type": "function", "function": call},
    )


def test_halves_of_characters_can_be_printed(server: ScriptedServer) -> None:
    server.routes[CHAT] = lambda exchange: exchange.reply(answer(content="grüß \ud83d"))
    assert Client(server.url).complete(ASK).content.encode() == "grüß ?".encode()


def test_an_answer_of_nothing_generated_nothing(server: ScriptedServer) -> None:
    server.routes[CHAT] = lambda exchange: exchange.reply({"choices": [{"message": {"content": ""}}]})
    assert not Client(server.url).complete(ASK).generated


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>502</html>", "no JSON: <html>502</html>"),
        (b"[]", "no JSON object"),
        (b"", "HTTP 200 with an empty body"),
        (b"[" * 100_000, "no JSON"),
        (b"\0\0\0", "no JSON: ���"),
        (b'{"choices": []}', "no choices"),
        (b'{"choices": ["x"]}', "no choices"),
        (b'{"error": {"message": "boom"}, "choices": []}', "an error inside HTTP 200.*boom"),
    ],
)
def test_a_broken_answer_is_none(server: ScriptedServer, body: bytes, told: str) -> None:
    server.routes[CHAT] = lambda exchange: exchange.reply(body)
    with pytest.raises(BrokenAnswer, match=told):
        Client(server.url).complete(ASK)


def test_a_list_of_models_that_is_none(server: ScriptedServer) -> None:
    server.routes["GET /v1/models"] = lambda exchange: exchange.reply({"models": []})
    with pytest.raises(BrokenAnswer, match="no list of models"):
        Client(server.url).list_models()


@pytest.mark.parametrize("padding", [0, 290, 299, 5000])
def test_keys_that_a_server_repeats_are_cut_out(server: ScriptedServer, padding: int) -> None:
    told = f"{'x' * padding} key {KEY} and sk-abcdef123456 are wrong"
    server.routes[CHAT] = lambda exchange: exchange.reply({"error": told}, status=401)
    with pytest.raises(HttpFailure) as raised:
        Client(server.url, KEY).complete(ASK)
    assert raised.value.status == 401
    assert "geheim" not in str(raised.value)
    assert "abcdef" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_redirects_are_reported_not_followed(server: ScriptedServer) -> None:
    server.routes["GET /v1/models"] = lambda exchange: exchange.reply(
        b"", status=302, headers={"Location": "http://127.0.0.1:1/"}
    )
    with pytest.raises(HttpFailure, match="HTTP 302"):
        Client(server.url).list_models()


def streamed(*events: bytes, keep: bool = True) -> Any:
    def route(exchange: Exchange) -> None:
        exchange.start_chunks({"x-litellm-model-api-base": "http://a"})
        for event in events:
            exchange.chunk(event)
        if keep:
            exchange.end_chunks()
        else:
            exchange.hang_up()

    return route


def delta(text: str, field: str = "content") -> bytes:
    return f'data: {{"model": "m", "choices": [{{"delta": {{"{field}": "{text}"}}}}]}}\n\n'.encode()


DONE = b"data: [DONE]\n\n"
USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}\n\n'


def test_a_stream_adds_up(server: ScriptedServer) -> None:
    whole = delta("hm", "reasoning") + delta("hm", "reasoning_content") + delta("grüß 😀")
    pieces = [whole[i : i + 1] for i in range(len(whole))]
    server.routes[CHAT] = streamed(*pieces, USAGE, DONE)
    client = Client(server.url)
    with client.stream(ASK) as stream:
        found = gather(stream, stream.headers, 0.1)
    assert (found.reasoning, found.content, found.model) == ("hmhm", "grüß 😀", "m")
    assert found.usage is not None and found.usage.completion_tokens == 2
    assert found.headers["x-litellm-model-api-base"] == "http://a"
    assert server.requests[0].sent["stream"] is True


def test_streams_share_a_connection(server: ScriptedServer) -> None:
    server.routes[CHAT] = streamed(delta("a"), DONE)
    client = Client(server.url)
    for _ in range(4):
        with client.stream(ASK) as stream:
            assert [chunk.content for chunk in stream] == ["a"]
    assert server.connections == 1


def test_a_server_that_lingers_after_the_end_delays_nobody_for_long(server: ScriptedServer) -> None:
    def route(exchange: Exchange) -> None:
        exchange.start_chunks()
        exchange.chunk(delta("a") + DONE)
        exchange.server.script.over.wait(10)

    server.routes[CHAT] = route
    with Client(server.url, timeout=30).stream(ASK) as stream:
        assert [chunk.content for chunk in stream] == ["a"]


def test_a_stream_left_early_spoils_nothing(server: ScriptedServer) -> None:
    server.routes[CHAT] = streamed(delta("a"), delta("b"), DONE)
    client = Client(server.url)
    for _ in range(2):
        with client.stream(ASK) as stream:
            assert next(iter(stream)).content == "a"


@pytest.mark.parametrize(
    ("events", "keep", "expected"),
    [
        ([delta("a")], True, TruncatedStream),
        ([delta("a")], False, BrokenAnswer),
        ([delta("a"), b'data: {"error": {"message": "boom"}}\n\n'], True, StreamFailure),
        ([delta("a"), b"data: {nonsense\n\n"], True, StreamFailure),
    ],
)
def test_a_stream_that_is_not_whole_fails(
    server: ScriptedServer, events: list[bytes], keep: bool, expected: type[Exception]
) -> None:
    server.routes[CHAT] = streamed(*events, keep=keep)
    received = []
    with Client(server.url).stream(ASK) as stream, pytest.raises(expected):
        for chunk in stream:
            received.append(chunk.content)
    assert received == ["a"]


def test_a_stream_that_drips_ends_at_its_deadline(server: ScriptedServer) -> None:
    def route(exchange: Exchange) -> None:
        exchange.start_chunks()
        exchange.drip(b"1\r\n:\r\n" * 1000, 0.01)

    server.routes[CHAT] = route
    with Client(server.url, timeout=0.3).stream(ASK) as stream, pytest.raises(DeadlineExceeded):
        list(stream)


def test_a_refused_stream_tells_why(server: ScriptedServer) -> None:
    server.routes[CHAT] = lambda exchange: exchange.reply({"error": "model not found"}, status=404)
    with pytest.raises(HttpFailure, match=r"HTTP 404.*model not found"):
        Client(server.url).stream(ASK)
