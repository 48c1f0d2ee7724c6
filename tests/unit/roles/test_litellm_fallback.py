"""The gateway's rules: which error sends a request to the next tier, and what a client hears in the end."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import types
from typing import Any

import pytest

from tests.playbook_run import ROOT


class LiteLLMError(Exception):
    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status_code = status
        self.message = message
        vars(self).update(more)


class HTTPException(Exception):
    def __init__(self, status_code: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status_code, self.detail, self.headers = status_code, detail, headers


def bad_request(message: str, model: str, llm_provider: str) -> LiteLLMError:
    return LiteLLMError(400, f"litellm.BadRequestError: {message}")


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The file as LiteLLM loads it: by its path, beside the few names of its packages that it uses."""
    packages: dict[str, dict[str, Any]] = {
        "litellm": {"BadRequestError": bad_request},
        "litellm.integrations": {},
        "litellm.integrations.custom_logger": {"CustomLogger": object},
        "fastapi": {"HTTPException": HTTPException},
    }
    for name, content in packages.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    path = ROOT / "roles/litellm/files/inference_fallback.py"
    spec = importlib.util.spec_from_file_location("inference_fallback", path)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


class Request:
    """One request on its way down the tiers, as LiteLLM's router tells it to callbacks."""

    def __init__(self, rules: Any, **body: Any) -> None:
        self.rules = rules
        self.body = {"litellm_call_id": "call-1", "messages": [{"role": "user", "content": "hi"}], **body}
        self.asked: list[str] = []
        self.first: Exception | None = None

    def ask(self, model: str, error: Exception | None = None, lacks: tuple[str, ...] = ()) -> None:
        """The next tier's turn; it answers with ``error``, or well."""
        info = {"inference_lacks": list(lacks)}
        try:
            asyncio.run(
                self.rules.RULES.async_filter_deployments(
                    model, [{"model_info": info}], self.body["messages"], self.body
                )
            )
        except LiteLLMError as refused:
            self.first = self.first or refused
            return
        self.asked.append(model)
        if error:
            data = {**self.body, "metadata": {"model_group": model}}
            asyncio.run(self.rules.RULES.async_post_call_failure_deployment_hook(data, error, None))
            self.first = self.first or error

    def end(self) -> Any:
        hook = self.rules.RULES.async_post_call_failure_hook
        return asyncio.run(hook(self.body, self.first, None))


VLLM = (
    'litellm.BadRequestError: Hosted_vllmException - {"error":{"message":"temperature must be non-negative,'
    ' got -5.0.","type":"BadRequestError","param":null,"code":400}}. Received Model Group=qwen\nAvailable'
    " Model Group Fallbacks=None"
)
OLLAMA = 'litellm.BadRequestError: Ollama_chatException - {"error":"qwen3:4b does not support tools"}'
OFF = LiteLLMError(
    503, 'litellm.ServiceUnavailableError: Hosted_vllmException - {"error":{"message":"The engine is off."}}'
)


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
    request.ask("qwen", OFF)
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
    request.ask("qwen", OFF)
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
    request.ask("qwen", OFF)
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
    request.ask("qwen", OFF)
    request.ask("cpu")
    asyncio.run(rules.RULES.async_post_call_response_headers_hook(request.body, None, object()))
    request.first = LiteLLMError(500, "broke off")
    assert request.end() is None


def test_nothing_is_remembered_for_ever(rules: Any) -> None:
    memory = rules.Memory(size=2)
    for number in range(5):
        memory.add(f"call-{number}", rules.Failure("m", 500, ""))
        memory.begin(f"begun-{number}")
    assert len(memory._failures) == len(memory._begun) == 2


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
