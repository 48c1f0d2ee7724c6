"""How a test talks to a client: an order on each line of stdin, what came of it on a line of stdout.

An order is {do, url, key, model, retries, body}; an answer holds `exchanges`, the status and address of the
server for each answer that the client saw, and either what the client returned or the error that it raised.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "pattern": "^[a-z ]{3,12}$"},
        "kind": {"type": "string", "enum": ["invoice", "letter"]},
    },
    "required": ["title", "kind"],
    "additionalProperties": False,
}
PROMPT = "Hello"
TOOL = {"name": "weather", "description": "The weather.", "parameters": {"type": "object", "properties": {}}}
# A picture of one dot.
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

Order = dict[str, Any]
Exchange = dict[str, Any]
Note = Callable[[Any], None]
Action = Callable[[Order, Note], Mapping[str, Any]]


def retries(order: Order) -> dict[str, Any]:
    """Nothing where the client's own number counts."""
    return {} if order.get("retries") is None else {"max_retries": order["retries"]}


def send(create: Callable[..., Any], order: Order, **more: Any) -> Any:
    """One question by a client's own method. What the method does not know goes into the body as it is."""
    asked = {
        "model": order["model"],
        "messages": [{"role": "user", "content": PROMPT}],
        "max_tokens": 8,
        **more,
        **order.get("body", {}),
    }
    known = inspect.signature(create).parameters
    extra = {name: asked.pop(name) for name in list(asked) if name not in known}
    return create(**asked, extra_body=extra or None)


def noted(response: Any) -> Exchange:
    return {"status": response.status_code, "server": response.headers.get("x-litellm-model-api-base", "")}


def told(error: Exception) -> dict[str, Any]:
    """What a person who uses the client sees of an error."""
    return {
        "class": type(error).__name__,
        "status": getattr(error, "status_code", None),
        "message": str(error),
    }


def serve(actions: Mapping[str, Action]) -> None:
    for line in sys.stdin:
        order = json.loads(line)
        exchanges: list[Exchange] = []

        def note(response: Any, kept: list[Exchange] = exchanges) -> None:
            kept.append(noted(response))

        try:
            answer = dict(actions[order["do"]](order, note))
        except Exception as error:
            answer = {"error": told(error)}
        print(json.dumps({**answer, "exchanges": exchanges}), flush=True)
