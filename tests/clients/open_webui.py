"""Open WebUI as a client of the gateway: an order to its back end becomes one of its own requests."""

from __future__ import annotations

import json
from typing import Any

from tests.chat.web import Chat
from tests.clients.driver import Outcome
from tests.clients.programs.wire import PICTURE, PROMPT, SCHEMA, TOOL

# It hands on what the gateway says, and the page shows the message.
CLASSES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
COMPLETIONS = "/api/chat/completions"


class OpenWebUI:
    """Somebody who has signed in as its administrator, and may give it another key for the gateway."""

    name = "open-webui"
    classes = CLASSES
    # It asks for embeddings only of documents.
    lacks = frozenset({"embed"})

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._first: dict[str, Any] = chat.get("/openai/config")
        self._key = ""

    def __repr__(self) -> str:
        return self.name

    def order(self, do: str, url: str, key: str, model: str, **more: Any) -> Outcome:
        """``key`` "" is the key that it was installed with. Where the gateway is it knows itself."""
        if key != self._key:
            self._use(key, model)
        body = dict(more.get("body") or {})
        if do == "chat":
            return self._ask(model, body)
        answer: Outcome = getattr(self, f"_{do}")(model, body)
        return answer

    def _use(self, key: str, model: str) -> None:
        """Another key. It lists models with it no more, so that a refused key does not hide them."""
        wanted = self._first
        if key:
            listed = {"0": {"enable": True, "model_ids": [model]}}
            wanted = {**self._first, "OPENAI_API_KEYS": [key], "OPENAI_API_CONFIGS": listed}
        done = self._chat.post("/openai/config/update", wanted)
        assert done.status_code == 200, done.text[:500]
        self._chat.models()
        self._key = key

    def _ask(self, model: str, body: dict[str, Any], **more: Any) -> Outcome:
        messages = [{"role": "user", "content": PROMPT}]
        asked = {"model": model, "messages": messages, "max_tokens": 8, "stream": False, **more, **body}
        done = self._chat.post(COMPLETIONS, asked)
        exchanges = [{"status": done.status_code, "server": ""}]
        if done.status_code == 200:
            answer = done.json()
            text = answer["choices"][0]["message"]["content"]
            return Outcome({"text": text, "tokens": answer["usage"]["completion_tokens"]}, {}, exchanges)
        return Outcome({}, _error(done.status_code, done.text), exchanges)

    def _models(self, model: str, body: dict[str, Any]) -> Outcome:
        names = self._chat.models()
        return Outcome({"names": names, "found": names}, {}, [])

    def _json(self, model: str, body: dict[str, Any]) -> Outcome:
        wanted = {
            "type": "json_schema",
            "json_schema": {"name": "document", "schema": SCHEMA, "strict": True},
        }
        return self._ask(model, body, response_format=wanted, max_tokens=300)

    def _tools(self, model: str, body: dict[str, Any]) -> Outcome:
        return self._ask(model, body, tools=[{"type": "function", "function": TOOL}])

    def _picture(self, model: str, body: dict[str, Any]) -> Outcome:
        shown = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}
        return self._ask(model, body, messages=[{"role": "user", "content": [shown]}])

    def _stream(self, model: str, body: dict[str, Any]) -> Outcome:
        return self._streamed(model, {"max_tokens": 24, **body})

    def _cancel(self, model: str, body: dict[str, Any]) -> Outcome:
        return self._streamed(model, {"max_tokens": 900}, leave_after=3)

    def _streamed(self, model: str, body: dict[str, Any], leave_after: int = 0) -> Outcome:
        messages = [{"role": "user", "content": PROMPT}]
        asked = {"model": model, "messages": messages, "stream": True, **body}
        pieces: list[str] = []
        with self._chat.stream(COMPLETIONS, asked) as done:
            exchanges = [{"status": done.status_code, "server": ""}]
            if done.status_code != 200:
                return Outcome({}, _error(done.status_code, done.text), exchanges)
            for line in done.iter_lines():
                if line.startswith(b"data: {"):
                    choices = json.loads(line[6:])["choices"]
                    pieces += [choices[0]["delta"].get("content") or ""] if choices else []
                if 0 < leave_after <= len(pieces):
                    break
        return Outcome({"text": "".join(pieces), "pieces": len(pieces)}, {}, exchanges)


def _error(status: int, text: str) -> dict[str, Any]:
    """What the page shows of a refusal: the gateway's own error, or a detail of Open WebUI's."""
    told: dict[str, Any] = json.loads(text) if text.startswith("{") else {"detail": text}
    error = told.get("error") or {"message": str(told.get("detail")), "type": "open-webui"}
    return {"class": error["type"], "status": status, "message": error["message"]}
