"""A model behind a scripted server: it keeps every promise, except for the flaws that a test plants."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

NAME = "org/model-8b"
LENGTH = 512
GPU = "http://model-8b-inference.ml.svc.cluster.local:8000"
CPU = "http://ollama.ml.svc.cluster.local:11434"
TIER_MAP = {GPU: "gpu", CPU: "cpu"}
_TEMPLATE_TOKENS = 9
_STORY = " ".join(f"the tide came in and went out again {number} times," for number in range(400))
_FILED = {"title": "Electricity invoice", "tags": ["invoice"], "correspondent": "Stadtwerke Musterstadt"}
_NO_PARSER = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'


@dataclass
class ScriptedModel:
    """``flaws`` name what goes wrong; a token is a word. ``gateway`` adds the headers of one."""

    server: ScriptedServer
    flaws: set[str] = field(default_factory=set)
    name: str = NAME
    length: int = LENGTH
    gateway: bool = False
    engine: str = GPU
    reasoning_field: str = "reasoning"
    pause: float = 0.0

    def serve(self) -> ScriptedModel:
        routes = self.server.routes
        routes["GET /health/liveliness"] = lambda exchange: exchange.reply(b'"alive"')
        routes["GET /v1/models"] = self._models
        routes["POST /v1/chat/completions"] = self._chat
        return self

    def has(self, flaw: str) -> bool:
        return flaw in self.flaws

    def _models(self, exchange: Exchange) -> None:
        name = f"{self.name}-old" if self.has("wrong name") else self.name
        length = self.length // 2 if self.has("other length") else self.length
        length = self.length * 2 if self.has("names a longer length") else length
        card = {"id": name} if self.gateway else {"id": name, "max_model_len": length}
        exchange.reply({"data": [card]})

    def _chat(self, exchange: Exchange) -> None:
        asked = exchange.asked.sent
        if self.has("gpu is away") and asked.get("disable_fallbacks"):
            exchange.reply({"error": {"message": "Connection error"}}, status=500)
            return
        prompt = asked["messages"][0]["content"]
        read = len(prompt.split()) + _TEMPLATE_TOKENS
        if read + asked["max_tokens"] > self.length and not self.has("no limit"):
            if not self.has("cut context"):
                told = f"This model's maximum context length is {self.length} tokens."
                exchange.reply({"error": {"message": told}}, status=400)
                return
            read = self.length // 2
        if asked.get("tools") and self.has("no tool parser"):
            exchange.reply({"error": {"message": _NO_PARSER}}, status=400)
            return
        message, tokens, reason = self._cut(self._message(asked, prompt), asked)
        usage = {"prompt_tokens": read, "completion_tokens": tokens}
        if asked["stream"]:
            self._stream(exchange, message, reason, usage)
            return
        answer: dict[str, Any] = {
            "model": self.name,
            "choices": [{"message": message, "finish_reason": reason}],
            "usage": usage,
        }
        if self.has("no usage"):
            del answer["usage"]
        exchange.reply(answer, headers=self._headers(asked))

    def _headers(self, asked: Mapping[str, Any]) -> dict[str, str]:
        if not self.gateway:
            return {}
        base, fallbacks = f"{self.engine}/v1", "0"
        if self.has("gpu is away"):
            base, fallbacks = CPU, "1"
        elif self.has("wrong engine"):
            base = "http://other-inference.ml.svc.cluster.local:8000/v1"
        return {"x-litellm-model-api-base": base, "x-litellm-attempted-fallbacks": fallbacks}

    def _message(self, asked: Mapping[str, Any], prompt: str) -> dict[str, Any]:
        if asked.get("tools"):
            return self._tool_call()
        if asked.get("response_format"):
            return {"content": self._document()}
        if "15 + 27" in prompt:
            return self._sum(thinks="/no_think" not in prompt or self.has("always thinks"))
        if "capital" in prompt:
            return {"content": "I do not know." if self.has("knows nothing") else "Paris."}
        return {"content": _STORY}

    def _tool_call(self) -> dict[str, Any]:
        if self.has("no call"):
            return {"content": "It is sunny in Paris."}
        if self.has("unparsed call"):
            call = '<tool_call> {"name": "get_weather", "arguments": {"city": "Paris"}} </tool_call>'
            return {"content": call}
        city = "Rome" if self.has("wrong city") else "Paris"
        arguments = '{"city": ' if self.has("broken arguments") else json.dumps({"city": city})
        called = {"type": "function", "function": {"name": "get_weather", "arguments": arguments}}
        return {"content": None, "tool_calls": [called]}

    def _document(self) -> str:
        filed: dict[str, Any] = dict(_FILED)
        if self.has("prose"):
            return "Here is the JSON: {}"
        if self.has("missing key"):
            del filed["correspondent"]
        if self.has("more keys"):
            filed["mood"] = "good"
        if self.has("tags as text"):
            filed["tags"] = "invoice"
        if self.has("wrong sender"):
            filed["correspondent"] = "Musterbank"
        return json.dumps(filed)

    def _sum(self, thinks: bool) -> dict[str, Any]:
        thoughts = "15 + 27 is 15 + 20 + 7" if thinks and not self.has("never thinks") else ""
        content = "It is 41." if self.has("wrong sum") else "It is 42."
        if self.has("reasoning not split"):
            return {"content": f"<think> {thoughts} </think> {content}"}
        return {"content": content, self.reasoning_field: thoughts or None}

    def _cut(self, message: dict[str, Any], asked: Mapping[str, Any]) -> tuple[dict[str, Any], int, str]:
        """The message as far as stop words and max_tokens let it come, its tokens, and why it ended."""
        if message.get("tool_calls"):
            return message, 12, "tool_calls"
        content, reason = str(message["content"]), "stop"
        if not self.has("stop ignored"):
            found = [content.find(stop) for stop in asked.get("stop", []) if stop in content]
            content = content[: min(found)] if found else content
        thoughts = str(message.get(self.reasoning_field) or "")
        words = re.findall(r"\S+\s*", content)
        limit = asked["max_tokens"] * (2 if self.has("max_tokens ignored") else 1)
        room = max(limit - len(thoughts.split()), 0)
        if len(words) > room:
            words, reason = words[:room], "length"
        return {**message, "content": "".join(words)}, len(words) + len(thoughts.split()), reason

    def _stream(self, exchange: Exchange, message: dict[str, Any], reason: str, usage: Any) -> None:
        exchange.start_chunks()
        pieces = re.findall(r"\S+\s*", message["content"])
        for piece in ["".join(pieces)] if self.has("one piece") else pieces:
            self.server.over.wait(self.pause)
            exchange.chunk(_event(delta={"content": piece}))
        exchange.chunk(_event(delta={}, finish_reason=reason))
        if not self.has("stream without usage"):
            exchange.chunk(b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\n")
        if not self.has("cut stream"):
            exchange.chunk(b"data: [DONE]\n\n")
        exchange.end_chunks()


def _event(**choice: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, **choice}]}).encode() + b"\n\n"
