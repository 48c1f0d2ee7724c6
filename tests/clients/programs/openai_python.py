"""OpenAI's own client for Python, as a consumer of the gateway."""

from __future__ import annotations

from typing import Any

import openai
from wire import PICTURE, SCHEMA, TOOL, Note, Order, retries, send, serve


def client(order: Order, note: Note) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{order['url']}/v1",
        api_key=order["key"],
        http_client=openai.DefaultHttpx2Client(event_hooks={"response": [note]}),
        **retries(order),
    )


def create(order: Order, note: Note, **more: Any) -> Any:
    return send(client(order, note).chat.completions.create, order, **more)


def models(order: Order, note: Note) -> dict[str, Any]:
    asked = client(order, note)
    names = [model.id for model in asked.models.list()]
    return {"names": names, "found": [asked.models.retrieve(name).id for name in names]}


def chat(order: Order, note: Note) -> dict[str, Any]:
    answer = create(order, note)
    return {
        "text": answer.choices[0].message.content,
        "tokens": answer.usage.completion_tokens,
        "choices": len(answer.choices),
    }


def stream(order: Order, note: Note) -> dict[str, Any]:
    pieces = [
        chunk.choices[0].delta.content or ""
        for chunk in create(order, note, stream=True, max_tokens=24)
        if chunk.choices
    ]
    return {"text": "".join(pieces), "pieces": len(pieces)}


def json_schema(order: Order, note: Note) -> dict[str, Any]:
    wanted = {"type": "json_schema", "json_schema": {"name": "document", "schema": SCHEMA, "strict": True}}
    return {"text": create(order, note, response_format=wanted, max_tokens=300).choices[0].message.content}


def cancel(order: Order, note: Note) -> dict[str, Any]:
    with create(order, note, stream=True, max_tokens=900) as answer:
        for _ in zip(range(3), answer, strict=False):
            pass
    return {}


def embed(order: Order, note: Note) -> dict[str, Any]:
    found = client(order, note).embeddings.create(model=order["model"], input="fox")
    return {"length": len(found.data[0].embedding)}


def tools(order: Order, note: Note) -> dict[str, Any]:
    create(order, note, tools=[{"type": "function", "function": TOOL}])
    return {}


def picture(order: Order, note: Note) -> dict[str, Any]:
    shown = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}
    create(order, note, messages=[{"role": "user", "content": [shown]}])
    return {}


serve({
    "models": models,
    "chat": chat,
    "stream": stream,
    "json": json_schema,
    "cancel": cancel,
    "embed": embed,
    "tools": tools,
    "picture": picture,
})  # fmt: skip
