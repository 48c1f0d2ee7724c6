"""Anthropic's own client for Python, as a consumer of the gateway."""

from __future__ import annotations

from typing import Any

import anthropic
from wire import PICTURE, SCHEMA, TOOL, Note, Order, retries, send, serve


def client(order: Order, note: Note) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        base_url=order["url"],
        api_key=order["key"],
        http_client=anthropic.DefaultHttpxClient(event_hooks={"response": [note]}),
        **retries(order),
    )


def create(order: Order, note: Note, **more: Any) -> Any:
    return send(client(order, note).messages.create, order, **more)


def text_of(answer: Any) -> str:
    return "".join(block.text for block in answer.content if block.type == "text")


def models(order: Order, note: Note) -> dict[str, Any]:
    asked = client(order, note)
    names = [model.id for model in asked.models.list().data]
    return {"names": names, "found": [asked.models.retrieve(name).id for name in names]}


def chat(order: Order, note: Note) -> dict[str, Any]:
    answer = create(order, note)
    return {"text": text_of(answer), "tokens": answer.usage.output_tokens}


def stream(order: Order, note: Note) -> dict[str, Any]:
    pieces = []
    for event in create(order, note, stream=True, max_tokens=24):
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            pieces.append(event.delta.text)
    return {"text": "".join(pieces), "pieces": len(pieces)}


def json_schema(order: Order, note: Note) -> dict[str, Any]:
    wanted = {"format": {"type": "json_schema", "schema": SCHEMA}}
    return {"text": text_of(create(order, note, output_config=wanted, max_tokens=300))}


def cancel(order: Order, note: Note) -> dict[str, Any]:
    with create(order, note, stream=True, max_tokens=900) as answer:
        for _ in zip(range(4), answer, strict=False):
            pass
    return {}


def tools(order: Order, note: Note) -> dict[str, Any]:
    row = {"name": TOOL["name"], "description": TOOL["description"], "input_schema": TOOL["parameters"]}
    create(order, note, tools=[row])
    return {}


def picture(order: Order, note: Note) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "image/png", "data": PICTURE}
    create(order, note, messages=[{"role": "user", "content": [{"type": "image", "source": source}]}])
    return {}


serve({
    "models": models,
    "chat": chat,
    "stream": stream,
    "json": json_schema,
    "cancel": cancel,
    "tools": tools,
    "picture": picture,
})  # fmt: skip
