# SPDX-License-Identifier: Apache-2.0
"""When the next tier answers, and what a client hears when nobody does: LiteLLM's callbacks.

LiteLLM sends a request to the next model after every kind of error. Here only an error that says that a tier
failed does so: a connection, a timeout, 429 or 5xx. Another 4xx is the client's own mistake; it reaches the
client in the engine's words, and never another tier, which might answer by half or cost money. Nor is a tier
asked that the consumer's key excludes, or a paid one without a budget that is left.

LiteLLM loads this file by its path and never registers it as a module, which rules out dataclasses and
postponed annotations.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

sys.path.insert(0, str(Path(__file__).parent))

import inference_usage as usage
from inference_errors import (
    Answer,
    Failure,
    engines_words,
    final_answer,
    rejected,
    status_of,
    unreadable,
)
from inference_routes import ANSWER_HEADERS

# Requests whose failures are remembered. Each is forgotten when it ends; this bounds what never ends.
REMEMBERED = 10_000
# Where model_info says which of a request's fields its server would ignore.
LACKS = "inference_lacks"
TIER = "inference_tier"
PAID = "cloud"
SERVER_HEADER = "x-litellm-model-api-base"


class Memory:
    """The failures of the requests that are under way, and which of them have begun to answer."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._failures: OrderedDict[str, list[Failure]] = OrderedDict()
        self._begun: OrderedDict[str, bool] = OrderedDict()
        self._sent: OrderedDict[str, bool] = OrderedDict()

    def sent(self, call: str, sent: bool) -> None:
        """Whether the server whose turn it is has got the request."""
        self._sent[call] = sent
        while len(self._sent) > self._size:
            self._sent.popitem(last=False)

    def was_sent(self, call: str) -> bool:
        return self._sent.get(call, True)

    def add(self, call: str, failure: Failure) -> None:
        self._failures.setdefault(call, []).append(failure)
        while len(self._failures) > self._size:
            self._failures.popitem(last=False)

    def of(self, call: str) -> list[Failure]:
        return self._failures.get(call, [])

    def begin(self, call: str) -> None:
        """The client has the head of its answer."""
        self._failures.pop(call, None)
        self._sent.pop(call, None)
        self._begun[call] = True
        while len(self._begun) > self._size:
            self._begun.popitem(last=False)

    def end(self, call: str) -> tuple[list[Failure], bool]:
        self._sent.pop(call, None)
        return self._failures.pop(call, []), self._begun.pop(call, False)


def asked_for(request: Mapping[str, Any], messages: Any) -> set[str]:
    """The fields of a request whose loss would change its answer."""
    found = {name for name in ("tools", "functions", "logprobs", "logit_bias", "audio") if request.get(name)}
    if request.get("top_logprobs") is not None:
        found.add("logprobs")
    if (request.get("n") or 1) != 1:
        found.add("n")
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, Mapping) else None
        for part in content if isinstance(content, list) else ():
            kind = part.get("type") if isinstance(part, Mapping) else None
            found.update({"images"} if kind in ("image_url", "input_image", "image") else ())
            found.update({"audio"} if kind in ("input_audio",) else ())
    return found


def refusal(model: str, request: Mapping[str, Any], messages: Any, info: Mapping[str, Any]) -> Failure | None:
    """Why a server must not be asked: LiteLLM would break, or the server ignore a part of the request."""
    if messages is not None and not (
        isinstance(messages, list) and all(isinstance(message, Mapping) for message in messages)
    ):
        return Failure(
            model, 400, "messages has to be a list of objects with role and content.", refused=True
        )
    if not isinstance(request.get("stream") or False, bool):
        return Failure(model, 400, "stream has to be true or false.", refused=True)
    missing = sorted(asked_for(request, messages) & set(info.get(LACKS) or ()))
    if not missing:
        return None
    return Failure(
        model, 400, f"{model} cannot do what the request asks for: {', '.join(missing)}.", refused=True
    )


def key_of(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """What LiteLLM says about the key of a request. It removes what a client wrote under these names."""
    for name in ("litellm_metadata", "metadata"):
        found = request.get(name)
        if isinstance(found, Mapping) and "user_api_key_alias" in found:
            return found
    return {}


def is_paid(info: Mapping[str, Any]) -> bool:
    return info.get(TIER) == PAID or info.get("tier") == "paid"


def excluded(model: str, info: Mapping[str, Any], key: Mapping[str, Any]) -> Failure | None:
    """A tier that must not answer instead of another. One that the request itself names may."""
    rules = (key.get("user_api_key_metadata") or {}).get("inference") or {}
    never = set(rules.get("never_fall_back_to") or ())
    if model in (rules.get("asked") or (model,)) or not {model, info.get(TIER)} & never:
        return None
    name = key.get("user_api_key_alias")
    return Failure(model, 403, f"The key of {name} may not fall back to {model}.", refused=True)


def over_budget(
    model: str,
    deployment: Mapping[str, Any],
    key: Mapping[str, Any],
    spending: usage.Spending,
    site: usage.Limits,
    now: datetime,
) -> Failure | None:
    """Why a paid tier must not be asked: a budget is used up, or nobody can tell whether it is."""
    own = usage.limits((key.get("user_api_key_metadata") or {}).get("inference") or {})
    if not is_paid(deployment.get("model_info") or {}) or not (own.given or site.given):
        return None
    name = str(key.get("user_api_key_alias") or "")
    if not has_price(deployment):
        told = f"{model} has no price, so no budget can be held: set its input_cost_per_token."
        return Failure(model, 403, told, refused=True)
    used = usage.used_up(spending, name, name, own, now) or usage.used_up(
        spending, "the gateway", None, site, now
    )
    if used:
        return Failure(model, 429, used.message, refused=True, wait=used.wait)
    if spending.trouble:
        told = f"{model} is not asked, because what was spent cannot be counted ({spending.trouble})."
        return Failure(model, 503, told, refused=True)
    return None


def has_price(deployment: Mapping[str, Any]) -> bool:
    """Whether the row has a price of its own, be it 0, or LiteLLM knows one."""
    rows = [deployment.get("model_info") or {}, deployment.get("litellm_params") or {}]
    if any(
        row.get(name) is not None
        for row in rows
        for name in ("input_cost_per_token", "output_cost_per_token")
    ):
        return True
    import litellm

    try:
        known = litellm.get_model_info(str(rows[1].get("model") or ""))
    except Exception:
        return False
    return any(value for name, value in known.items() if "cost" in name and isinstance(value, float))


class FallbackRules(CustomLogger):
    """The rules, at the places where LiteLLM asks its callbacks."""

    def __init__(
        self,
        memory: Memory | None = None,
        spending: usage.Spending | None = None,
        tokens: usage.Tokens | None = None,
        site: usage.Limits = usage.SITE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self._memory = memory or Memory()
        self._spending = spending or usage.SPENDING
        self._tokens = tokens or usage.TOKENS
        self._site = site
        self._now = now

    async def async_filter_deployments(
        self,
        model: str,
        healthy_deployments: list[dict[str, Any]],
        messages: Any,
        request_kwargs: dict[str, Any] | None = None,
        parent_otel_span: Any = None,
    ) -> list[dict[str, Any]]:
        """Before a server is asked: nobody is, once a request is known to be a mistake."""
        request = request_kwargs or {}
        call = str(request.get("litellm_call_id") or "")
        known = next((failure for failure in self._memory.of(call) if failure.clients_mistake), None)
        if known:
            raise _bad_request(known)
        deployment = healthy_deployments[0] if healthy_deployments else {}
        info = deployment.get("model_info") or {}
        key = key_of(request)
        refused = (
            excluded(model, info, key)
            or over_budget(model, deployment, key, self._spending, self._site, self._now())
            or refusal(model, request, messages, info)
        )
        if refused:
            self._memory.add(call, refused)
            raise _bad_request(refused)
        self._memory.sent(call, False)
        told = ANSWER_HEADERS.get()
        if told is not None:
            # LiteLLM leaves it out of some answers, and it is the proof of who gave them.
            server = (deployment.get("litellm_params") or {}).get("api_base") or ""
            told.good.update({SERVER_HEADER: str(server)} if server else {})
        return healthy_deployments

    def log_pre_api_call(self, model: str, messages: Any, kwargs: Mapping[str, Any]) -> None:
        """Before a request goes out: LiteLLM could make one of what the client sent."""
        self._memory.sent(str(kwargs.get("litellm_call_id") or ""), True)

    async def async_log_success_event(
        self, kwargs: Mapping[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """After an answer, also a streamed one: what it used is the consumer's."""
        told = kwargs.get("standard_logging_object") or {}
        name = str((told.get("metadata") or {}).get("user_api_key_alias") or "")
        info = (kwargs.get("litellm_params") or {}).get("model_info") or {}
        self._tokens.add(name, int(told.get("total_tokens") or 0))
        cost = float(told.get("response_cost") or 0)
        if cost > 0 and is_paid(info):
            self._spending.add(name, cost)

    async def async_post_call_failure_deployment_hook(
        self,
        request_data: Mapping[str, Any],
        exception: Exception,
        call_type: Any,
        fallback_depth: Any = None,
    ) -> None:
        """After each server that did not answer."""
        call = str(request_data.get("litellm_call_id") or "")
        metadata = request_data.get("metadata") or request_data.get("litellm_metadata") or {}
        model = str(metadata.get("model_group") or request_data.get("model") or "")
        if not self._memory.was_sent(call) and (told := unreadable(exception)):
            self._memory.add(call, Failure(model, 400, told))
            return
        status = status_of(exception)
        told = engines_words(str(getattr(exception, "message", "") or exception))
        if (status, told) == (404, "Not Found"):
            told = f"{model} cannot do what this address is for: its server has no such address."
        self._memory.add(call, Failure(model, status, told))

    async def async_post_call_response_headers_hook(
        self, data: dict[str, Any], user_api_key_dict: Any, response: Any, request_headers: Any = None
    ) -> dict[str, str] | None:
        """The head of an answer goes out; what breaks from here on is told within the answer."""
        if response is not None:
            self._memory.begin(str(data.get("litellm_call_id") or ""))
        return None

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: Any,
        traceback_str: str | None = None,
    ) -> Any:
        """In the end, when nobody answered."""
        failures, begun = self._memory.end(str(request_data.get("litellm_call_id") or ""))
        if begun or getattr(original_exception, "inference_refusal", False):
            return None
        message = str(getattr(original_exception, "message", "") or original_exception)
        status = status_of(original_exception)
        answer = rejected(original_exception)
        if not failures and (told := unreadable(original_exception)):
            answer = answer or Answer(400, told)
        answer = answer or final_answer(failures, status, message)
        if answer is None:
            return None
        if answer.status == status < 429:
            # The error keeps what else it says in OpenAI's form, such as the code context_length_exceeded.
            original_exception.message = answer.message  # type: ignore[attr-defined]
            return None
        error = _http_exception(answer)
        headers = ANSWER_HEADERS.get()
        if headers is not None:
            # On some routes the first error goes out, whatever this hook returns.
            headers.bad.update(error.headers or {})  # type: ignore[attr-defined]
            original_exception.message = answer.message  # type: ignore[attr-defined]
            original_exception.status_code = answer.status  # type: ignore[attr-defined]
        return error


def _bad_request(failure: Failure) -> Exception:
    from litellm import BadRequestError

    error: Exception = BadRequestError(message=failure.message, model=failure.model, llm_provider="")
    return error


def _http_exception(answer: Answer) -> Exception:
    from fastapi import HTTPException

    headers = {"Retry-After": str(answer.retry_after)} if answer.retry_after else {}
    if not answer.soon:
        headers["x-should-retry"] = "false"  # what the clients of OpenAI and Anthropic go by
    return HTTPException(status_code=answer.status, detail=answer.message, headers=headers or None)


RULES = FallbackRules()
