# SPDX-License-Identifier: Apache-2.0
"""The model files a document: JSON of exactly the promised form, with a title, tags and a correspondent."""

from __future__ import annotations

import json
from typing import Any

from ...openai_api.types import Completion
from .results import Result, judged, quote
from .session import Session

NAME, ANSWER = "json", "json_answer"
_PROMPT = """Classify this document for an archive. Answer in JSON: title, one to three tags, correspondent.

Stadtwerke Musterstadt GmbH, Am Kraftwerk 1, Musterstadt
Invoice 4711 of 31 March 2026: electricity, meter 08-15, 312 kWh, 84.20 EUR, payable by 15 April 2026."""
_SENDER = "stadtwerke"
_SUBJECTS = ("electric", "invoice", "bill", "energy", "power", "utilit")


def _line(longest: int) -> dict[str, Any]:
    # Short, and of letters that need no escaping: then a grammar alone gives valid JSON that ends.
    return {"type": "string", "pattern": f"^[A-Za-z0-9 .,&-]{{2,{longest}}}$"}


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": _line(48),
        "tags": {"type": "array", "items": _line(16), "minItems": 1, "maxItems": 3},
        "correspondent": _line(32),
    },
    "required": ["title", "tags", "correspondent"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "document", "schema": SCHEMA, "strict": True}}


def _fault(found: Any) -> str:
    """Why a value is not a filed document; empty when it is one."""
    if not isinstance(found, dict):
        return "no JSON object"
    missing = [key for key in SCHEMA["required"] if key not in found]
    if missing:
        return f"without {', '.join(missing)}"
    more = sorted(set(found) - set(SCHEMA["properties"]))
    if more:
        return f"with {', '.join(more)} that nobody asked for"
    wrong = [key for key in ("title", "correspondent") if not isinstance(found[key], str) or not found[key]]
    if wrong:
        return f"{wrong[0]} is not a text"
    tags = found["tags"]
    if not isinstance(tags, list) or not tags or not all(isinstance(tag, str) and tag for tag in tags):
        return "tags is not a list of texts"
    return ""


def read(answer: Completion) -> tuple[dict[str, Any], str]:
    """The document, or what is wrong with it."""
    try:
        found = json.loads(answer.content)
    except ValueError:
        cut = (
            f", cut off at {answer.usage.completion_tokens} tokens"
            if _is_cut(answer) and answer.usage
            else ""
        )
        return {}, f"no JSON{cut}"
    fault = _fault(found)
    return ({} if fault else found), fault


def _is_cut(answer: Completion) -> bool:
    return answer.finish_reason == "length"


def judge(answer: Completion) -> Result:
    expected = "JSON with title, tags and correspondent, and nothing else"
    _, fault = read(answer)
    seen = f"{fault}: {quote(answer.content)}" if fault else f"valid: {quote(answer.content)}"
    return judged(NAME, not fault, expected, seen)


def judge_answer(answer: Completion) -> Result:
    expected = "correspondent Stadtwerke Musterstadt, title or tags about an electricity invoice"
    found, fault = read(answer)
    if fault:
        return judged(ANSWER, False, expected, fault)
    about = ", ".join([found["title"], *found["tags"]])
    subject = any(word in about.lower() for word in _SUBJECTS)
    holds = subject and _SENDER in found["correspondent"].lower()
    return judged(ANSWER, holds, expected, quote(f"{found['correspondent']}: {about}"))


def check(session: Session) -> list[Result]:
    promise = session.promise
    answer = session.ask(promise.briefly(_PROMPT), promise.room, response_format=FORMAT)
    return [judge(answer), judge_answer(answer)]
