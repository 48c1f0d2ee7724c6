"""A look ends with what was seen, whatever the server does."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.openai_api.client import Client
from ansible_collections.inference.stack.plugins.module_utils.probing.endpoint import Look, Looker, Question

from tests.unit.plugins.scripted_server import ScriptedServer, answer

CHAT = "POST /v1/chat/completions"
GPU = {"x-litellm-model-api-base": "http://gpu:8000/v1", "x-litellm-attempted-fallbacks": "0"}
TIERS = {"http://gpu:8000": "gpu", "http://cpu:11434": "cpu"}


def look(server: ScriptedServer | str, *models: str, timeout: float = 5, each: float = 2) -> Look:
    url = server if isinstance(server, str) else server.url
    return Looker(Client(url, "geheim-4711", timeout=each), timeout, TIERS).look(models, Question())


def test_a_healthy_gateway(server: ScriptedServer) -> None:
    server.serve_model("m", headers=GPU)
    seen = look(server, "m")
    assert (seen.reachable, seen.alive, seen.refused, seen.models, seen.error) == (
        True,
        True,
        False,
        ["m"],
        "",
    )
    (told,) = seen.answers
    assert (told.answered, told.tier, told.content, told.completion_tokens) == (True, "gpu", "OK", 1)
    assert server.requests[-1].sent["max_tokens"] == 1


def test_nothing_is_generated_unasked(server: ScriptedServer) -> None:
    server.serve_model()
    assert look(server).answers == []
    assert "/v1/chat/completions" not in server.paths()


def test_nobody_there() -> None:
    seen = look("http://127.0.0.1:9", "m")
    assert (seen.reachable, seen.alive, seen.answers) == (False, False, [])
    assert "refuses connections" in seen.error


def test_a_server_that_is_loading_is_reachable(server: ScriptedServer) -> None:
    server.routes["GET /health/liveliness"] = lambda exchange: exchange.reply(b"", status=503)
    seen = look(server, "m")
    assert (seen.reachable, seen.alive, seen.answers) == (True, False, [])
    assert "503" in seen.error


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_told_apart_and_not_shown(server: ScriptedServer, status: int) -> None:
    server.serve_model()
    server.routes["GET /v1/models"] = lambda exchange: exchange.reply({"sent": "geheim-4711"}, status)
    seen = look(server, "m")
    assert (seen.reachable, seen.alive, seen.refused, seen.answers) == (True, True, True, [])
    assert "geheim" not in str(seen.as_plain())


def test_one_model_that_fails_does_not_hide_the_next(server: ScriptedServer) -> None:
    server.serve_model()

    def serve(exchange: Any) -> None:
        wanted = server.requests[-1].sent["model"]
        exchange.reply(
            answer(wanted) if wanted == "good" else {"error": "no"}, 200 if wanted == "good" else 500
        )

    server.routes[CHAT] = serve
    bad, good = look(server, "bad", "good").answers
    assert not bad.answered
    assert "HTTP 500" in bad.error
    assert good.answered


def test_an_answer_without_a_token_is_none(server: ScriptedServer) -> None:
    server.serve_model()
    empty = {"choices": [{"message": {"content": ""}}], "usage": {"completion_tokens": 0}}
    server.routes[CHAT] = lambda exchange: exchange.reply(empty)
    (told,) = look(server, "m").answers
    assert not told.answered
    assert "without a token" in told.error


def test_a_server_that_hangs_costs_what_was_allowed(server: ScriptedServer) -> None:
    server.serve_model()

    def hang(_exchange: Any) -> None:
        server.over.wait(30)

    server.routes[CHAT] = hang
    start = time.monotonic()
    first, second = look(server, "a", "b", timeout=0.6, each=0.4).answers
    assert time.monotonic() - start < 5
    assert not first.answered and not second.answered
    assert first.error and second.error
