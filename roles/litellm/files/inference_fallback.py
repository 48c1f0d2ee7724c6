# SPDX-License-Identifier: Apache-2.0
"""When the next tier answers, and what a client hears when nobody does: LiteLLM's callbacks.

LiteLLM sends a request to the next model after every kind of error. Here only an error that says that a tier
failed does so: a connection, a timeout, 429 or 5xx. Another 4xx is the client's own mistake; it reaches the
client in the engine's words, and never another tier, which might answer by half or cost money.

LiteLLM loads this file by its path and never registers it as a module, which rules out dataclasses and
postponed annotations.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from litellm.integrations.custom_logger import CustomLogger

# Statuses below 500 that tell of the tier and not of the request; 401 to 403 are about the gateway's own key.
TIER_FAILED = frozenset({401, 402, 403, 408, 409, 425, 429, 499})
# What a consumer is told to wait when all tiers are away [s].
RETRY_AFTER = 10
# Requests whose failures are remembered. Each is forgotten when it ends; this bounds what never ends.
REMEMBERED = 10_000
# Where model_info says which of a request's fields its server would ignore.
LACKS = "inference_lacks"
_LONGEST_MESSAGE = 600

_LITELLM_PREFIX = re.compile(r"^\s*(litellm\.)?[A-Za-z_]*(Error|Exception|Timeout)\s*[:-]\s*")
_LITELLM_TAIL = re.compile(
    r"(\.?\s*Received Model Group=|\s*Available Model Group Fallbacks=|\nTraceback ).*", re.DOTALL
)
_ADDRESS = re.compile(
    r"https?://[^\s'\"]+|[\w.-]+\.svc\.cluster\.local(:\d+)?|\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b"
)


class Failure(NamedTuple):
    """Why one server did not answer. ``refused``: the request asks for what this server cannot do."""

    model: str
    status: int
    message: str
    refused: bool = False

    @property
    def clients_mistake(self) -> bool:
        return 400 <= self.status < 500 and self.status not in TIER_FAILED


class Answer(NamedTuple):
    """What a client hears in the end."""

    status: int
    message: str
    retry_after: int = 0


class Memory:
    """The failures of the requests that are under way, and which of them have begun to answer."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._failures: OrderedDict[str, list[Failure]] = OrderedDict()
        self._begun: OrderedDict[str, bool] = OrderedDict()

    def add(self, call: str, failure: Failure) -> None:
        self._failures.setdefault(call, []).append(failure)
        while len(self._failures) > self._size:
            self._failures.popitem(last=False)

    def of(self, call: str) -> list[Failure]:
        return self._failures.get(call, [])

    def begin(self, call: str) -> None:
        """The client has the head of its answer."""
        self._failures.pop(call, None)
        self._begun[call] = True
        while len(self._begun) > self._size:
            self._begun.popitem(last=False)

    def end(self, call: str) -> tuple[list[Failure], bool]:
        return self._failures.pop(call, []), self._begun.pop(call, False)


def status_of(error: Any) -> int:
    """The HTTP status that an error stands for; 500 when it has none."""
    for name in ("status_code", "code"):
        value = getattr(error, name, None)
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
            return value
    return 500


def engines_words(text: str) -> str:
    """The sentence of the server inside LiteLLM's message, without addresses and tracebacks."""
    text = _LITELLM_TAIL.sub("", text)
    told = _inside(text)
    if not told:
        told = text
        while shorter := _LITELLM_PREFIX.sub("", told, count=1):
            if shorter == told:
                break
            told = shorter
    told = _ADDRESS.sub("the server", told).strip()
    return told if len(told) <= _LONGEST_MESSAGE else told[:_LONGEST_MESSAGE].rstrip() + " …"


def _inside(text: str) -> str:
    """The message in the first JSON object of a text: OpenAI's form, or Ollama's."""
    start = text.find("{")
    if start < 0:
        return ""
    try:
        body, _ = json.JSONDecoder().raw_decode(text[start:])
    except ValueError:
        return ""
    error = body.get("error", body)
    told = error.get("message", "") if isinstance(error, Mapping) else error
    return told if isinstance(told, str) else ""


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
    missing = sorted(asked_for(request, messages) & set(info.get(LACKS) or ()))
    if not missing:
        return None
    return Failure(
        model, 400, f"{model} cannot do what the request asks for: {', '.join(missing)}.", refused=True
    )


def final_answer(failures: list[Failure], status: int, message: str) -> Answer | None:
    """What the client hears. ``status`` and ``message`` are LiteLLM's own; None keeps them as they are."""
    mistakes = [failure for failure in failures if failure.clients_mistake]
    if mistakes:
        mistake = mistakes[0]
        if mistake.refused and len(failures) > 1:
            first = failures[0].model
            return Answer(mistake.status, f"{first} is away, and {mistake.message}")
        return Answer(mistake.status, mistake.message)
    if 400 <= status < 500 and status not in TIER_FAILED:
        return Answer(status, engines_words(message))
    if not failures and status < 500:
        return None
    if failures and all(failure.status == 429 for failure in failures):
        return Answer(429, "The provider limits requests. Try again later.", RETRY_AFTER)
    models = ", ".join(dict.fromkeys(failure.model for failure in failures if failure.model))
    who = f"Nobody answers now; asked were {models}." if models else "Nobody answers now."
    return Answer(503, f"{who} Try again in {RETRY_AFTER} s.", RETRY_AFTER)


class FallbackRules(CustomLogger):
    """The rules, at the places where LiteLLM asks its callbacks."""

    def __init__(self, memory: Memory | None = None) -> None:
        super().__init__()
        self._memory = memory or Memory()

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
        info = healthy_deployments[0].get("model_info") or {} if healthy_deployments else {}
        refused = refusal(model, request, messages, info)
        if refused:
            self._memory.add(call, refused)
            raise _bad_request(refused)
        return healthy_deployments

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
        told = engines_words(str(getattr(exception, "message", "") or exception))
        self._memory.add(call, Failure(model, status_of(exception), told))

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
        if begun:
            return None
        message = str(getattr(original_exception, "message", "") or original_exception)
        status = status_of(original_exception)
        answer = final_answer(failures, status, message)
        if answer is None:
            return None
        if answer.status == status < 429:
            # The error keeps what else it says in OpenAI's form, such as the code context_length_exceeded.
            original_exception.message = answer.message  # type: ignore[attr-defined]
            return None
        return _http_exception(answer)


def _bad_request(failure: Failure) -> Exception:
    from litellm import BadRequestError

    error: Exception = BadRequestError(message=failure.message, model=failure.model, llm_provider="")
    return error


def _http_exception(answer: Answer) -> Exception:
    from fastapi import HTTPException

    headers = {"Retry-After": str(answer.retry_after)} if answer.retry_after else None
    return HTTPException(status_code=answer.status, detail=answer.message, headers=headers)


RULES = FallbackRules()
