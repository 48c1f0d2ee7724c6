"""LangChain with langchain-openai, as a consumer of the gateway."""

from __future__ import annotations

import json
from typing import Any

import openai
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from wire import PICTURE, PROMPT, SCHEMA, TOOL, Note, Order, retries, serve


def client(order: Order, note: Note, kind: type = ChatOpenAI, **more: Any) -> Any:
    return kind(
        model=order["model"],
        base_url=f"{order['url']}/v1",
        api_key=order["key"],
        http_client=openai.DefaultHttpx2Client(event_hooks={"response": [note]}),
        **retries(order),
        **more,
    )


def messages(order: Order) -> tuple[Any, dict[str, Any]]:
    body = {"max_tokens": 8, **order.get("body", {})}
    return body.pop("messages", PROMPT), body


def chat(order: Order, note: Note) -> dict[str, Any]:
    asked, body = messages(order)
    # What LangChain has no name for goes through extra_body.
    extra = {name: body.pop(name) for name in ("api_base",) if name in body}
    answer = client(order, note, **({"extra_body": extra} if extra else {})).invoke(asked, **body)
    return {"text": answer.content, "tokens": answer.usage_metadata["output_tokens"]}


def stream(order: Order, note: Note) -> dict[str, Any]:
    asked, body = messages(order)
    pieces = [piece.content for piece in client(order, note).stream(asked, **body | {"max_tokens": 24})]
    return {"text": "".join(pieces), "pieces": len(pieces)}


def json_schema(order: Order, note: Note) -> dict[str, Any]:
    wanted = {"title": "document", "description": "A document.", **SCHEMA}
    asked = client(order, note, max_tokens=300).with_structured_output(wanted, method="json_schema")
    return {"text": json.dumps(asked.invoke(PROMPT))}


def cancel(order: Order, note: Note) -> dict[str, Any]:
    answer = client(order, note, max_tokens=900).stream(PROMPT)
    for _ in zip(range(3), answer, strict=False):
        pass
    answer.close()
    return {}


def embed(order: Order, note: Note) -> dict[str, Any]:
    asked = client(order, note, OpenAIEmbeddings, check_embedding_ctx_length=False)
    return {"length": len(asked.embed_query("fox"))}


def tools(order: Order, note: Note) -> dict[str, Any]:
    client(order, note, max_tokens=8).bind_tools([{"type": "function", "function": TOOL}]).invoke(PROMPT)
    return {}


def picture(order: Order, note: Note) -> dict[str, Any]:
    shown = {"type": "image", "base64": PICTURE, "mime_type": "image/png"}
    client(order, note, max_tokens=8).invoke([{"role": "user", "content": [shown]}])
    return {}


serve({
    "chat": chat,
    "stream": stream,
    "json": json_schema,
    "cancel": cancel,
    "embed": embed,
    "tools": tools,
    "picture": picture,
})  # fmt: skip
