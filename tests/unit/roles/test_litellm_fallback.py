"""The gateway's rules: which error sends a request to the next tier, and what a client hears in the end."""

from __future__ import annotations

import asyncio
import json
import types
from typing import Any

import pytest

from tests.unit.roles.gateway_rules import LiteLLMError, Request, off, rules

__all__ = ["rules"]

VLLM = (
    'litellm.BadRequestError: Hosted_vllmException - {"error":{"message":"temperature must be non-negative,'
    ' got -5.0.","type":"BadRequestError","param":null,"code":400}}. Received Model Group=qwen\nAvailable'
    " Model Group Fallbacks=None"
)
OLLAMA = 'litellm.BadRequestError: Ollama_chatException - {"error":"qwen3:4b does not support tools"}'


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422])
def test_a_clients_mistake_reaches_no_other_tier(rules: Any, status: int) -> None:
    request = Request(rules)
    mistake = LiteLLMError(status, VLLM, code="context_length_exceeded")
    request.ask("qwen", mistake)
    request.ask("cpu")
    request.ask("cloud")
    assert request.asked == ["qwen"]
    assert request.end() is None  # LiteLLM's own error goes out, with the status and the code that it has
    assert (mistake.status_code, vars(mistake)["code"]) == (status, "context_length_exceeded")
    assert mistake.message == "temperature must be non-negative, got -5.0."


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 502, 503, 504])
def test_a_failed_tier_hands_the_request_on(rules: Any, status: int) -> None:
    request = Request(rules)
    request.ask("qwen", LiteLLMError(status, "away"))
    request.ask("cpu")
    assert request.asked == ["qwen", "cpu"]


def test_when_nobody_answers_the_client_may_come_back(rules: Any) -> None:
    request = Request(rules)
    request.ask("qwen", off())
    request.ask("cpu", LiteLLMError(500, "Connection to http://ollama.ml.svc.cluster.local:11434 failed"))
    told = request.end()
    assert (told.status_code, told.headers) == (503, {"Retry-After": "10"})
    assert told.detail == "Nobody answers now; asked were qwen, cpu. Try again in 10 s."


def test_a_provider_at_its_limit_says_so(rules: Any) -> None:
    request = Request(rules)
    request.ask("cloud", LiteLLMError(429, "slow down"))
    assert request.end().status_code == 429


def test_the_next_tiers_refusal_is_the_answer(rules: Any) -> None:
    """The first error says only that the GPU is off, which is no help for someone who asks for tools."""
    request = Request(rules, tools=[{"type": "function"}])
    request.ask("qwen", off())
    request.ask("qwen3:4b", LiteLLMError(400, OLLAMA))
    told = request.end()
    assert (told.status_code, told.detail) == (400, "qwen3:4b does not support tools")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"n": 3}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 0}, "logprobs"),
        ({"logit_bias": {"5": 100}}, "logit_bias"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "images"),
    ],
)
def test_what_a_tier_would_leave_out_is_refused(rules: Any, body: dict[str, Any], named: str) -> None:
    request = Request(rules, **body)
    request.ask("qwen", off())
    request.ask("qwen3:4b", lacks=("n", "logprobs", "logit_bias", "images"))
    assert request.asked == ["qwen"]
    told = request.end()
    assert told.status_code == 400
    assert told.detail == f"qwen is away, and qwen3:4b cannot do what the request asks for: {named}."


def test_what_does_not_change_the_answer_is_no_reason(rules: Any) -> None:
    request = Request(rules, n=1, logprobs=False, tools=None, user="me", parallel_tool_calls=True)
    request.ask("qwen3:4b", lacks=("n", "logprobs", "tools"))
    assert request.asked == ["qwen3:4b"]


def test_a_model_that_is_asked_by_name_refuses_in_its_own_name(rules: Any) -> None:
    request = Request(rules, n=2)
    request.ask("qwen3:4b", lacks=("n",))
    assert request.end() is None
    assert isinstance(request.first, LiteLLMError)
    assert request.first.message == "qwen3:4b cannot do what the request asks for: n."


def test_an_answer_that_has_begun_ends_with_its_own_error(rules: Any) -> None:
    request = Request(rules)
    request.ask("qwen", off())
    request.ask("cpu")
    asyncio.run(rules.RULES.async_post_call_response_headers_hook(request.body, None, object()))
    request.first = LiteLLMError(500, "broke off")
    assert request.end() is None


def test_nothing_is_remembered_for_ever(rules: Any) -> None:
    memory = rules.Memory(size=2)
    for number in range(5):
        memory.add(f"call-{number}", rules.Failure("m", 500, ""))
        memory.begin(f"begun-{number}")
        memory.sent(f"sent-{number}", False)
    assert len(memory._failures) == len(memory._begun) == len(memory._sent) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (VLLM, "temperature must be non-negative, got -5.0."),
        (OLLAMA, "qwen3:4b does not support tools"),
        ("litellm.BadRequestError: OpenAIException - no such thing", "no such thing"),
        (
            "litellm.InternalServerError: Hosted_vllmException - Connection error to http://10.42.0.7:8000/v1"
            "\nTraceback (most"
            ' recent call last):\n  File "/opt/x.py"',
            "Connection error to the server",
        ),
        (
            "Cannot connect to host litellm.ml.svc.cluster.local:4000 ssl:default",
            "Cannot connect to host the server ssl:default",
        ),
    ],
)
def test_only_the_servers_sentence_is_told(rules: Any, text: str, said: str) -> None:
    assert rules.engines_words(text) == said


def test_a_field_that_nobody_may_send_is_a_mistake(rules: Any) -> None:
    request = Request(rules)
    request.first = ValueError(
        "Rejected Request: api_base is not allowed in request body. Clientside passthrough"
    )
    told = request.end()
    assert (told.status_code, told.detail) == (400, "api_base is not allowed in request body.")


def wrapped(cause: Exception) -> LiteLLMError:
    """LiteLLM's error for whatever goes wrong, a connection as well as a field that is no list."""
    error = LiteLLMError(500, f"litellm.APIConnectionError: Hosted_vllmException - {cause}")
    error.__cause__ = cause
    return error


UNREADABLE = [
    TypeError("'int' object is not iterable"),
    ValueError("Bad Request: messages is required"),
    AttributeError("'int' object has no attribute 'get'"),
    KeyError("image_url"),
]


@pytest.mark.parametrize("cause", UNREADABLE, ids=repr)
@pytest.mark.parametrize("bare", [False, True])
def test_what_litellm_cannot_make_a_request_of_reaches_nobody(
    rules: Any, cause: Exception, bare: bool
) -> None:
    request = Request(rules)
    request.ask("qwen", cause if bare else wrapped(cause))
    request.ask("cloud")
    assert request.asked == ["qwen"]
    told = request.end()
    assert told.status_code == 400
    assert told.detail.startswith("The gateway cannot read the request: ")


@pytest.mark.parametrize("cause", UNREADABLE, ids=repr)
def test_what_litellm_cannot_make_of_an_answer_is_the_tiers_fault(rules: Any, cause: Exception) -> None:
    request = Request(rules)
    request.ask("qwen", wrapped(cause), sent=True)
    request.ask("cpu")
    assert request.asked == ["qwen", "cpu"]


@pytest.mark.parametrize(
    "cause",
    [
        ConnectionRefusedError("refused"),
        TimeoutError(),
        OSError("no route"),
        json.JSONDecodeError("Expecting value", "", 0),
        RuntimeError("the event loop is closed"),
    ],
    ids=repr,
)
def test_a_server_that_could_not_be_reached_hands_the_request_on(rules: Any, cause: Exception) -> None:
    request = Request(rules)
    request.ask("qwen", wrapped(cause))
    request.ask("cpu")
    assert request.asked == ["qwen", "cpu"]


def test_an_old_error_below_a_new_one_is_not_taken_for_it(rules: Any) -> None:
    """Python keeps the error of the tier before as the context of the next one."""
    request = Request(rules)
    request.ask("qwen", wrapped(TypeError("the engine's nonsense")), sent=True)
    unreachable = wrapped(OSError("no route"))
    assert unreachable.__cause__
    unreachable.__cause__.__context__ = TypeError("the engine's nonsense")
    request.ask("cloud", unreachable)
    assert request.end().status_code == 503


def test_a_request_that_breaks_litellm_before_a_server_is_chosen(rules: Any) -> None:
    request = Request(rules)
    request.first = TypeError("'int' object is not iterable")
    assert request.end().status_code == 400


@pytest.mark.parametrize("value", ["yes", 1, [], {}])
def test_stream_is_true_or_false(rules: Any, value: Any) -> None:
    request = Request(rules, stream=value)
    request.ask("qwen")
    assert request.asked == ([] if value else ["qwen"])


def test_an_address_that_the_server_does_not_have(rules: Any) -> None:
    """vLLM has /v1/embeddings only for models that make them."""
    request = Request(rules)
    request.ask(
        "qwen",
        LiteLLMError(404, 'litellm.NotFoundError: Hosted_vllmException - {"detail":"Not Found"}'),
    )
    request.ask("cloud")
    assert request.asked == ["qwen"]
    request.end()
    first: Any = request.first
    assert first.message == "qwen cannot do what this address is for: its server has no such address."


def test_the_asked_server_is_told(rules: Any) -> None:
    """LiteLLM leaves it out of whole answers on Anthropic's route."""
    request = Request(rules)
    kept = rules.ANSWER_HEADERS.set(types.SimpleNamespace(good={}, bad={}))
    try:
        request.ask("qwen", off())
        request.ask("cpu")
        assert rules.ANSWER_HEADERS.get().good == {"x-litellm-model-api-base": "http://cpu"}
    finally:
        rules.ANSWER_HEADERS.reset(kept)


def test_what_the_gate_refused_stays_as_it_is(rules: Any) -> None:
    request = Request(rules)
    request.first = LiteLLMError(503, "The gateway cannot read its keys (OSError).", inference_refusal=True)
    kept = rules.ANSWER_HEADERS.set(types.SimpleNamespace(good={}, bad={}))
    try:
        assert request.end() is None
    finally:
        rules.ANSWER_HEADERS.reset(kept)
    assert vars(request.first)["message"] == "The gateway cannot read its keys (OSError)."


def test_a_route_that_takes_no_error_gets_the_answer_too(rules: Any) -> None:
    """LiteLLM takes there neither an error nor a header from a callback, but what the first error says."""
    request = Request(rules)
    request.ask("qwen", off())
    told = rules.ANSWER_HEADERS.set(types.SimpleNamespace(good={}, bad={}))
    try:
        request.end()
        assert rules.ANSWER_HEADERS.get().bad == {"Retry-After": "10"}
    finally:
        rules.ANSWER_HEADERS.reset(told)
    first: Any = request.first
    assert (first.status_code, first.message) == (
        503,
        "Nobody answers now; asked were qwen. Try again in 10 s.",
    )
