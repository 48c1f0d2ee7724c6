"""The gateway's rules: which error sends a request to the next tier, and what a client hears in the end."""

from __future__ import annotations

import asyncio
import json
import sys
import types
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.roles.gateway_files import gateway_file


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


def model_info(model: str) -> dict[str, Any]:
    if model != "openai/paid":
        raise Exception("This model isn't mapped yet.")
    return {"input_cost_per_token": 1e-06}


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The file as LiteLLM loads it: by its path, beside the few names of its packages that it uses."""
    packages: dict[str, dict[str, Any]] = {
        "litellm": {"BadRequestError": bad_request, "get_model_info": model_info},
        "litellm.integrations": {},
        "litellm.integrations.custom_logger": {"CustomLogger": object},
        "fastapi": {"HTTPException": HTTPException},
    }
    for name, content in packages.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return gateway_file("inference_fallback")


class Request:
    """One request on its way down the tiers, as LiteLLM's router tells it to callbacks."""

    def __init__(self, rules: Any, hooks: Any = None, **body: Any) -> None:
        self.hooks = hooks or rules.RULES
        self.body = {"litellm_call_id": "call-1", "messages": [{"role": "user", "content": "hi"}], **body}
        self.asked: list[str] = []
        self.first: Exception | None = None

    def ask(
        self,
        model: str,
        error: Exception | None = None,
        lacks: tuple[str, ...] = (),
        tier: str = "gpu",
        sent: bool = False,
    ) -> None:
        """The next tier's turn; it answers with ``error``, or well. ``sent``: it got the request."""
        info = {"inference_lacks": list(lacks), "inference_tier": tier}
        try:
            asyncio.run(
                self.hooks.async_filter_deployments(
                    model,
                    [
                        {
                            "model_info": info,
                            "litellm_params": {"model": f"openai/{model}", "api_base": f"http://{model}"},
                        }
                    ],
                    self.body["messages"],
                    self.body,
                )
            )
        except LiteLLMError as refused:
            self.first = self.first or refused
            return
        self.asked.append(model)
        if sent:
            self.hooks.log_pre_api_call(model, self.body["messages"], self.body)
        if error:
            data = {**self.body, "metadata": {"model_group": model}}
            asyncio.run(self.hooks.async_post_call_failure_deployment_hook(data, error, None))
            self.first = self.first or error

    def end(self) -> Any:
        hook = self.hooks.async_post_call_failure_hook
        return asyncio.run(hook(self.body, self.first, None))


VLLM = (
    'litellm.BadRequestError: Hosted_vllmException - {"error":{"message":"temperature must be non-negative,'
    ' got -5.0.","type":"BadRequestError","param":null,"code":400}}. Received Model Group=qwen\nAvailable'
    " Model Group Fallbacks=None"
)
OLLAMA = 'litellm.BadRequestError: Ollama_chatException - {"error":"qwen3:4b does not support tools"}'


def off() -> LiteLLMError:
    return LiteLLMError(
        503,
        'litellm.ServiceUnavailableError: Hosted_vllmException - {"error":{"message":"The engine is off."}}',
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


NOW = datetime(2026, 11, 30, 18, tzinfo=UTC)


def key(**inference: Any) -> dict[str, Any]:
    """What LiteLLM hands on about the key of a request."""
    return {"user_api_key_alias": "n8n", "user_api_key_metadata": {"inference": inference}}


class Purse:
    """The callbacks with a count of their own, which has seen some dollars."""

    def __init__(self, rules: Any, site: dict[str, float] | None = None, **spent: float) -> None:
        self.spending = rules.usage.Spending("", "pod", lambda: NOW)
        self.tokens = rules.usage.Tokens()
        for name, dollars in spent.items():
            self.spending.add(name, dollars)
        limits = rules.usage.limits(site or {})
        self.hooks = rules.FallbackRules(None, self.spending, self.tokens, limits, lambda: NOW)

    def answered(self, tier: str, cost: float) -> None:
        told = {"metadata": {"user_api_key_alias": "n8n"}, "total_tokens": 7, "response_cost": cost}
        kwargs = {
            "standard_logging_object": told,
            "litellm_params": {"model_info": {"inference_tier": tier}},
        }
        asyncio.run(self.hooks.async_log_success_event(kwargs, None, None, None))


@pytest.mark.parametrize("slot", ["metadata", "litellm_metadata"])
@pytest.mark.parametrize(
    ("limits", "site", "spent", "told", "wait"),
    [
        (
            {"budget_day": 2.0},
            {},
            {"n8n": 2.0},
            "The budget of n8n for paid models is used up: 2 USD a day.",
            21600,
        ),
        (
            {"budget_month": 2.0},
            {},
            {"n8n": 3.0},
            "The budget of n8n for paid models is used up: 2 USD a month.",
            21600,
        ),
        (
            {},
            {"budget_day": 5.0},
            {"a": 4.0, "b": 1.0},
            "The budget of the gateway for paid models is used up",
            21600,
        ),
        ({"budget_day": 2.0}, {}, {"n8n": 1.9, "other": 9.0}, "", 0),
        ({}, {}, {"n8n": 100.0}, "", 0),
    ],
)
def test_a_budget_that_is_used_up(
    rules: Any, slot: str, limits: Any, site: Any, spent: Any, told: str, wait: int
) -> None:
    request = Request(rules, Purse(rules, site, **spent).hooks, **{slot: key(**limits)})
    request.ask("paid", tier="cloud")
    assert request.asked == ([] if told else ["paid"])
    if told:
        heard = request.end()
        assert heard.status_code == 429
        assert heard.detail.startswith(told)
        assert heard.headers == {"Retry-After": str(wait), "x-should-retry": "false"}


def test_a_used_up_budget_leaves_the_other_tiers(rules: Any) -> None:
    purse = Purse(rules, n8n=5.0)
    request = Request(rules, purse.hooks, metadata=key(budget_day=1.0))
    request.ask("paid", tier="cloud")
    request.ask("qwen3:4b", tier="cpu")
    assert request.asked == ["qwen3:4b"]
    request = Request(rules, purse.hooks, metadata=key(budget_day=1.0))
    request.ask("qwen", off())
    request.ask("paid", tier="cloud")
    told = request.end()
    assert told.status_code == 503
    assert told.headers == {"Retry-After": "10"}
    assert told.detail == (
        "Nobody answers now; asked were qwen. The budget of n8n for paid models is used up: 1 USD a day."
        " The next day begins at 00:00 UTC. Try again in 10 s."
    )


def test_without_a_price_no_budget_can_be_held(rules: Any) -> None:
    request = Request(rules, Purse(rules).hooks, metadata=key(budget_day=1.0))
    request.ask("unheard-of", tier="cloud")
    told = request.end()
    assert (request.asked, told.status_code) == ([], 403)
    assert "input_cost_per_token" in told.detail
    free = Request(rules, Purse(rules).hooks, metadata=key())
    free.ask("unheard-of", tier="cloud")
    assert free.asked == ["unheard-of"]


def test_a_count_that_cannot_be_kept_spends_nothing(rules: Any, tmp_path: Path) -> None:
    purse = Purse(rules)
    purse.spending = rules.usage.Spending(str(tmp_path / "missing"), "pod", lambda: NOW)
    hooks = rules.FallbackRules(None, purse.spending, purse.tokens, rules.usage.limits({}), lambda: NOW)
    limited = Request(rules, hooks, metadata=key(budget_day=1.0))
    limited.ask("paid", tier="cloud")
    assert (limited.asked, limited.end().status_code) == ([], 503)
    free = Request(rules, hooks, metadata=key())
    free.ask("paid", tier="cloud")
    assert free.asked == ["paid"]


def test_what_an_answer_used_is_counted(rules: Any) -> None:
    purse = Purse(rules)
    purse.answered("cloud", 0.25)
    purse.answered("gpu", 9.0)  # a price of LiteLLM's for a model of the same name
    assert purse.spending.of("n8n", month=False) == 0.25
    assert purse.tokens.wait("n8n", 14) > 0
    assert purse.tokens.wait("n8n", 15) == 0


@pytest.mark.parametrize("never", [["cloud"], ["paid"]])
def test_a_key_may_exclude_a_tier_from_its_fallbacks(rules: Any, never: list[str]) -> None:
    purse = Purse(rules)
    request = Request(rules, purse.hooks, metadata=key(never_fall_back_to=never, asked=["house", "qwen"]))
    request.ask("qwen", off())
    request.ask("paid", tier="cloud")
    assert request.asked == ["qwen"]
    told = request.end()
    assert told.status_code == 503
    assert "asked were qwen. The key of n8n may not fall back to paid." in told.detail
    named = Request(rules, purse.hooks, metadata=key(never_fall_back_to=never, asked=["paid"]))
    named.ask("paid", tier="cloud")
    assert named.asked == ["paid"]


def test_an_excluded_tier_is_passed_over(rules: Any) -> None:
    request = Request(rules, Purse(rules).hooks, metadata=key(never_fall_back_to=["cpu"], asked=["qwen"]))
    request.ask("qwen", off())
    request.ask("qwen3:4b", tier="cpu")
    request.ask("paid", tier="cloud")
    assert request.asked == ["qwen", "paid"]
