# SPDX-License-Identifier: Apache-2.0
"""What stands before all of LiteLLM: only what is for consumers is reachable without the master key.

LiteLLM's pages, its documentation and a part of its API ask for no key. A model is found by any name in its
list, also by one with a slash, which LiteLLM's own address for it cannot hold.

LiteLLM takes its custom_auth from here, so it cannot start without this file.
"""

import json
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from litellm.proxy.proxy_server import app as litellm_app

sys.path.insert(0, str(Path(__file__).parent))

import inference_routes as routes
from inference_auth import MASTER_KEY_VARIABLE, admit, authenticate

__all__ = ["admit", "authenticate"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


# https://docs.claude.com/en/api/errors
ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Front:
    """An ASGI application around LiteLLM's."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        path = routes.path_of(scope)
        retrieval = routes.RETRIEVAL.match(path)
        keys = _keys(scope)
        if scope["type"] != "http":  # a socket, behind which no model of ours is
            await send({"type": "websocket.close", "code": 1008})
        elif retrieval and scope["method"] == "GET":
            await self._retrieve(retrieval["listing"], retrieval["model"], scope, receive, send)
        elif routes.is_generation(path):
            told = routes.AnswerHeaders({}, {})
            routes.ANSWER_HEADERS.set(told)
            sent = _with_headers(send, told)
            await self._app(scope, receive, _anthropic(sent) if routes.ANTHROPIC.match(path) else sent)
        elif _is_for_consumers(path, scope["method"]) or any(_is_master(key) for key in keys):
            await self._app(scope, receive, send)
        elif keys:
            await _refuse(
                send, 403, f"A consumer's key cannot use {path}. It can list and use models below /v1."
            )
        else:
            await _refuse(send, 401, "The request has no key. Consumers list and use models below /v1.")

    async def _retrieve(self, listing: str, model: str, scope: Message, receive: Receive, send: Send) -> None:
        """One row of the list that this key gets to see."""
        path = f"{scope.get('root_path') or ''}{listing}"
        headers = [row for row in scope["headers"] if row[0].lower() != b"accept-encoding"]
        asked = {**scope, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
        answer = Kept()
        await self._app(asked, receive, answer.keep)
        if answer.start["status"] == 200:
            rows = json.loads(bytes(answer.body)).get("data") or []
            row = next((row for row in rows if row.get("id") == model), None)
            if row is None:
                told = f"There is no model {model} for this key. {listing} lists those there are."
                await _refuse(send, 404, told)
                return
            answer.body[:] = json.dumps(row).encode()
        await answer.send_to(send)


class Kept:
    """An answer that is held back until it is complete."""

    def __init__(self) -> None:
        self.start: Message = {}
        self.body = bytearray()
        self.complete = False

    async def keep(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body.extend(message.get("body") or b"")
            self.complete = not message.get("more_body")

    async def send_to(self, send: Send) -> None:
        headers = [row for row in self.start["headers"] if bytes(row[0]).lower() != b"content-length"]
        length = (b"content-length", str(len(self.body)).encode())
        await send({**self.start, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": bytes(self.body)})


def _with_headers(send: Send, told: routes.AnswerHeaders) -> Send:
    """Our headers where LiteLLM left them out."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers") or ())
            there = {bytes(row[0]).lower() for row in headers}
            wanted = told.bad if message["status"] >= 400 else told.good
            rows = [(name.lower().encode(), value.encode()) for name, value in wanted.items()]
            message = {**message, "headers": [*headers, *(row for row in rows if row[0] not in there)]}
        await send(message)

    return sent


def _anthropic(send: Send) -> Send:
    """Errors as Anthropic's clients know them: LiteLLM leaves out their type in places, or invents one."""
    kept = Kept()

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            await kept.keep(message)
        elif kept.start:
            await kept.keep(message)
            if kept.complete:
                kept.body[:] = _with_type(bytes(kept.body), kept.start["status"])
                await kept.send_to(send)
        else:
            await send(message)

    return sent


def _with_type(body: bytes, status: int) -> bytes:
    try:
        told = json.loads(body)
    except ValueError:
        return body
    if not isinstance(told, dict) or "error" not in told:
        return body
    error = told["error"]
    if isinstance(error, dict):
        error = {**error, "type": ANTHROPIC_TYPES.get(status, "api_error")}
    return json.dumps({"type": "error", **told, "error": error}).encode()


def _is_for_consumers(path: str, method: str) -> bool:
    return (
        routes.is_open(path)
        or routes.is_listing(path)
        or routes.is_generation(path)
        # A browser asks beforehand whether it may ask.
        or (method == "OPTIONS" and routes.RETRIEVAL.match(path) is not None)
    )


def _is_master(key: str) -> bool:
    return routes.is_master(key, os.environ.get(MASTER_KEY_VARIABLE))


def _keys(scope: Message) -> list[str]:
    found = {bytes(name).decode("latin-1").lower(): value for name, value in scope.get("headers") or ()}
    return [
        key
        for name in routes.KEY_HEADERS
        if name in found and (key := routes.bare_key(bytes(found[name]).decode("utf-8", "surrogateescape")))
    ]


async def _refuse(send: Send, status: int, message: str) -> None:
    """A refusal in the form of OpenAI, which clients of Anthropic show as well."""
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
    error = {"message": message, "type": kinds[status], "param": None, "code": str(status)}
    body = json.dumps({"type": "error", "error": error}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def stand_before(app: Any) -> None:
    """LiteLLM reads its configuration when its middleware may be built already, so both cases are met."""
    if getattr(app.state, "inference_front", False):
        return
    if app.middleware_stack is None:
        app.add_middleware(Front)
    else:
        app.middleware_stack = Front(app.middleware_stack)
    app.state.inference_front = True


stand_before(litellm_app)
