# SPDX-License-Identifier: Apache-2.0
"""What an error of LiteLLM says: whose fault it is, in the engine's words, and what a client hears."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

# Statuses below 500 that tell of the tier and not of the request; 401 to 403 are about the gateway's own key.
TIER_FAILED = frozenset({401, 402, 403, 408, 409, 425, 429, 499})
# What a consumer is told to wait when all tiers are away [s].
RETRY_AFTER = 10
_LONGEST_MESSAGE = 600

# What Python says about data of the wrong kind. Not their subclasses: a JSONDecodeError is about an answer.
_DATA_ERRORS = (TypeError, ValueError, KeyError, IndexError, AttributeError)
_LITELLM_PREFIX = re.compile(r"^\s*(litellm\.)?[A-Za-z_]*(Error|Exception|Timeout)\s*[:-]\s*")
_LITELLM_TAIL = re.compile(
    r"(\.?\s*Received Model Group=|\s*Available Model Group Fallbacks=|\nTraceback ).*", re.DOTALL
)
_REJECTED = re.compile(r"Rejected Request: (?P<told>\S+ is not allowed in request body\.)")
_ADDRESS = re.compile(
    r"https?://[^\s'\"]+|[\w.-]+\.svc\.cluster\.local(:\d+)?|\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b"
)


class Failure(NamedTuple):
    """Why one server did not answer. ``refused``: it was not asked.

    ``wait`` is for how many seconds a budget stays used up.
    """

    model: str
    status: int
    message: str
    refused: bool = False
    wait: int = 0

    @property
    def clients_mistake(self) -> bool:
        return 400 <= self.status < 500 and self.status not in TIER_FAILED


class Answer(NamedTuple):
    """What a client hears in the end."""

    status: int
    message: str
    retry_after: int = 0
    # Whether a client that tries again by itself may succeed.
    soon: bool = True


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
    # An address that a server does not have is FastAPI's to refuse, in a form of its own.
    error = body.get("error", body.get("detail") or body)
    told = error.get("message", "") if isinstance(error, Mapping) else error
    return told if isinstance(told, str) else ""


def unreadable(error: BaseException) -> str:
    """What is wrong with the data that LiteLLM broke on; empty if it broke on something else."""
    for found in (error, error.__cause__ or error.__context__):
        if found is not None and type(found) in _DATA_ERRORS:
            told = f"{found} is missing" if isinstance(found, KeyError) else str(found)
            return f"The gateway cannot read the request: {_ADDRESS.sub('the server', told).rstrip('.')}."
    return ""


def rejected(error: Exception) -> Answer | None:
    """A field that LiteLLM takes from nobody, such as api_base, is a mistake; LiteLLM says 500."""
    found = _REJECTED.match(str(error)) if isinstance(error, ValueError) else None
    return Answer(400, found["told"]) if found else None


def final_answer(failures: list[Failure], status: int, message: str) -> Answer | None:
    """What the client hears. ``status`` and ``message`` are LiteLLM's own; None keeps them as they are."""
    mistakes = [failure for failure in failures if failure.clients_mistake]
    if mistakes:
        mistake = mistakes[0]
        if mistake.refused and len(failures) > 1:
            first = failures[0]
            why = first.message if first.refused else f"{first.model} is away, and"
            return Answer(mistake.status, f"{why} {mistake.message}")
        return Answer(mistake.status, mistake.message)
    asked = [failure for failure in failures if not failure.refused]
    unasked = [failure for failure in failures if failure.refused]
    if unasked and not asked:
        first = unasked[0]
        wait = max(failure.wait for failure in unasked)
        return Answer(first.status, first.message, wait, soon=False)
    if 400 <= status < 500 and status not in TIER_FAILED:
        return Answer(status, engines_words(message))
    if not failures and status < 500:
        return None
    if failures and all(failure.status == 429 for failure in failures):
        return Answer(429, "The provider limits requests. Try again later.", RETRY_AFTER)
    models = ", ".join(dict.fromkeys(failure.model for failure in asked if failure.model))
    who = f"Nobody answers now; asked were {models}." if models else "Nobody answers now."
    told = " ".join([who, *dict.fromkeys(failure.message for failure in unasked)])
    return Answer(503, f"{told} Try again in {RETRY_AFTER} s.", RETRY_AFTER)
