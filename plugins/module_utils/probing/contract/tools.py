# SPDX-License-Identifier: Apache-2.0
"""The model calls a tool, and the server's parser makes a proper tool call of what it wrote."""

from __future__ import annotations

import json
from typing import Any

from ...openai_api.failures import HttpFailure
from ...openai_api.types import Completion
from .results import Result, judged, not_applicable, quote
from .session import Session

NAME, ANSWER = "tools", "tools_answer"
_PROMPT = "What is the weather in Paris right now? Use the tool."
_TOOL, _ARGUMENT, _WANTED = "get_weather", "city", "paris"
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": _TOOL,
            "description": "Tells the present weather of a city.",
            "parameters": {
                "type": "object",
                "properties": {_ARGUMENT: {"type": "string", "description": "Name of the city."}},
                "required": [_ARGUMENT],
            },
        },
    }
]
# How models write a call. If the text of an answer contains it, the parser missed it.
_UNPARSED = (
    "<tool_call>",
    "[TOOL_CALLS]",
    "<|python_tag|>",
    "<|channel|>",
    f'"name": "{_TOOL}"',
    f"[{_TOOL}(",
)


def _call(answer: Completion) -> tuple[str, Any]:
    """Name and arguments of the first call; the arguments are None where they are no JSON object."""
    function = answer.tool_calls[0].get("function")
    function = function if isinstance(function, dict) else {}
    try:
        arguments = json.loads(function.get("arguments") or "")
    except (TypeError, ValueError):
        arguments = None
    return str(function.get("name") or ""), arguments if isinstance(arguments, dict) else None


def judge(answer: Completion) -> Result:
    expected = "a tool call with a name and JSON arguments"
    if not answer.tool_calls:
        if any(sign in answer.content for sign in _UNPARSED):
            return judged(NAME, False, expected, f"a call left in the text: {quote(answer.content)}")
        return not_applicable(NAME, "tools are accepted; the model called none, so no call could be judged")
    name, arguments = _call(answer)
    seen = f"{name or 'a call without name'}({'no JSON' if arguments is None else json.dumps(arguments)})"
    return judged(NAME, bool(name) and arguments is not None, expected, quote(seen))


def judge_answer(answer: Completion) -> Result:
    expected = f"{_TOOL} called for Paris"
    if not answer.tool_calls:
        return judged(ANSWER, False, expected, f"no call: {quote(answer.content)}")
    name, arguments = _call(answer)
    holds = name == _TOOL and _WANTED in str((arguments or {}).get(_ARGUMENT)).lower()
    return judged(ANSWER, holds, expected, quote(f"{name}({json.dumps(arguments)})"))


def check(session: Session) -> list[Result]:
    promise = session.promise
    try:
        answer = session.ask(promise.briefly(_PROMPT), promise.room, tools=TOOLS, tool_choice="auto")
    except HttpFailure as refusal:
        if refusal.status != 400:
            raise
        # vLLM's words when it was started without a parser.
        return [
            judged(NAME, False, "a server that takes tools", str(refusal)),
            not_applicable(ANSWER, "tools were refused"),
        ]
    return [judge(answer), judge_answer(answer)]
