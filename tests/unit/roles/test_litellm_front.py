"""What is reachable of LiteLLM: models, signs of life and metrics, and the rest with the master key alone."""

from __future__ import annotations

import asyncio
import json
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.roles.gateway_files import FILES, gateway_file

MASTER = "sk-master-0123456789abcdef"
LIST = {"data": [{"id": "Qwen/Qwen3-8B-AWQ"}, {"id": "qwen3:4b"}, {"id": "house"}], "object": "list"}


class LiteLLM:
    """An application that answers everything, like LiteLLM's own."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status, self.body = 200, json.dumps(LIST).encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        half = len(self.body) // 2
        await send({"type": "http.response.body", "body": self.body[:half], "more_body": True})
        await send({"type": "http.response.body", "body": self.body[half:]})


class Door:
    def __init__(self, front: Any) -> None:
        self.front, self.inner = front, LiteLLM()
        self.app = front.Front(self.inner)

    def ask(
        self, path: str, key: str = "", method: str = "GET", kind: str = "http", header: str = "authorization"
    ) -> tuple[int, Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        value = f"Bearer {key}" if header == "authorization" else key
        headers = [(header.encode(), value.encode())] if key else []
        scope = {"type": kind, "path": path, "root_path": "", "headers": headers}
        if kind == "http":
            scope["method"] = method
        asyncio.run(self.app(scope, receive, send))
        if kind != "http":
            return 0, sent[0]["type"]
        body = b"".join(message.get("body", b"") for message in sent[1:])
        self.headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        assert self.headers["content-length"] == str(len(body))
        return sent[0]["status"], json.loads(body)


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server: Any = types.ModuleType("litellm.proxy.proxy_server")
    server.app = types.SimpleNamespace(state=types.SimpleNamespace(), middleware_stack=LiteLLM())
    for name in ("litellm", "litellm.proxy"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "litellm.proxy.proxy_server", server)
    monkeypatch.setenv("LITELLM_MASTER_KEY", MASTER)
    monkeypatch.syspath_prepend(str(FILES))
    loaded = gateway_file("inference_front")
    loaded.server = server
    yield loaded


# What LiteLLM 1.106.2 answers without a key, or with any: pages, documentation, the public API.
CLOSED = [
    "/", "/ui", "/ui/", "/docs", "/redoc", "/openapi.json", "/swagger/swagger-ui.css",
    "/fallback/login", "/login", "/sso/key/generate", "/get_image", "/public/model_hub",
    "/public/litellm_model_cost_map", "/register", "/token", "/.well-known/litellm-ui-config", "/mcp",
    "/x/mcp", "/health", "/model/info", "/key/generate", "/config/update", "/v1/files",
    "/v1/mcp/registry.json", "/langfuse/x", "/v1beta/models/x:generateContent", "/health/readiness/x",
    "//v1/models", "/v1/models/", "/metricsx",
]  # fmt: skip


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
def test_what_is_not_for_consumers_is_closed(front: Any, path: str, method: str) -> None:
    door = Door(front)
    status, told = door.ask(path, method=method)
    assert (status, told["error"]["type"]) == (401, "authentication_error")
    assert door.ask(path, "sk-somebody", method)[0] == 403
    assert door.inner.asked == []
    for header in ("authorization", "x-api-key", "api-key", "x-litellm-api-key"):
        assert door.ask(path, MASTER, method, header=header)[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models", "/models", "/v1/chat/completions", "/v1/embeddings", "/engines/a/b/completions",
        "/openai/deployments/Qwen/x/chat/completions", "/health/liveliness", "/health/readiness",
        "/metrics", "/metrics/",
    ],
)  # fmt: skip
def test_what_is_for_consumers_reaches_litellm(front: Any, path: str) -> None:
    door = Door(front)
    for method in ("GET", "POST", "OPTIONS"):
        door.ask(path, method=method)
    assert door.inner.asked == [path] * 3


def test_nothing_of_ours_is_behind_a_socket(front: Any) -> None:
    door = Door(front)
    assert door.ask("/v1/realtime", "sk-somebody", kind="websocket") == (0, "websocket.close")
    assert door.inner.asked == []


@pytest.mark.parametrize("model", [row["id"] for row in LIST["data"]])  # type: ignore[index]
def test_every_listed_name_is_found(front: Any, model: str) -> None:
    door = Door(front)
    for listing in ("/v1/models", "/models"):
        assert door.ask(f"{listing}/{model}", "sk-somebody") == (200, {"id": model})
    assert door.inner.asked == ["/v1/models", "/models"]


@pytest.mark.parametrize("model", ["other", "qwen3", "Qwen", "Qwen3-8B-AWQ", "house/"])
def test_a_name_that_is_not_listed_is_not_found(front: Any, model: str) -> None:
    status, told = Door(front).ask(f"/v1/models/{model}", "sk-somebody")
    assert (status, told["error"]["type"]) == (404, "not_found_error")


def test_a_refused_listing_finds_nothing(front: Any) -> None:
    door = Door(front)
    door.inner.status, door.inner.body = 401, b'{"error": {"message": "no"}}'
    assert door.ask("/v1/models/house") == (401, {"error": {"message": "no"}})


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_anthropics_clients_get_errors_in_their_form(front: Any, path: str) -> None:
    door = Door(front)
    told = {"message": "The gateway does not know this key.", "type": "authentication_error"}
    door.inner.status, door.inner.body = 401, json.dumps({"error": told}).encode()
    assert door.ask(path, method="POST") == (401, {"type": "error", "error": told})
    door.inner.status, door.inner.body = 200, b'{"error": "of a good answer"}'
    assert door.ask(path, method="POST") == (200, {"error": "of a good answer"})


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/v1/completions"])
def test_clients_get_our_headers(front: Any, path: str) -> None:
    door = Door(front)

    async def limited(scope: Any, receive: Any, send: Any) -> None:
        front.routes.ANSWER_HEADERS.get().bad["Retry-After"] = "60"
        front.routes.ANSWER_HEADERS.get().good["x-server"] = "engine"
        await LiteLLM.__call__(door.inner, scope, receive, send)

    door.app = front.Front(limited)
    door.inner.status, door.inner.body = 429, b'{"error": {}}'
    door.ask(path, method="POST")
    assert (door.headers.get("retry-after"), door.headers.get("x-server")) == ("60", None)
    door.inner.status, door.inner.body = 200, b"{}"
    door.ask(path, method="POST")
    assert (door.headers.get("retry-after"), door.headers.get("x-server")) == (None, "engine")


def test_a_header_of_litellms_own_is_not_said_twice(front: Any) -> None:
    sent: list[Any] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        front.routes.ANSWER_HEADERS.get().good["X-Server"] = "asked last"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-server", b"litellm's")]})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": []}
    asyncio.run(front.Front(answer)(scope, None, send))
    assert sent[0]["headers"] == [(b"x-server", b"litellm's")]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request_error"), (429, "rate_limit_error"), (503, "api_error"), (404, "not_found_error")],
)
def test_anthropics_clients_get_a_type_that_they_know(front: Any, status: int, kind: str) -> None:
    door = Door(front)
    for said in ("auth_error", "internal_server_error", None):
        door.inner.status = status
        door.inner.body = json.dumps({"error": {"message": "No.", "type": said}}).encode()
        told = {"type": "error", "error": {"message": "No.", "type": kind}}
        assert door.ask("/v1/messages", method="POST") == (status, told)


def test_it_stands_before_all_of_litellm_and_once(front: Any) -> None:
    app = front.server.app
    assert type(app.middleware_stack).__name__ == "Front"
    stack = app.middleware_stack
    front.stand_before(app)
    assert app.middleware_stack is stack
    added: list[Any] = []
    early = types.SimpleNamespace(
        state=types.SimpleNamespace(), middleware_stack=None, add_middleware=added.append
    )
    front.stand_before(early)
    assert added == [front.Front]
