# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.shown_text: a text reaches the screen as it is."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.boundary.computed_action import ComputedAction

ARGUMENTS: dict[str, dict[str, Any]] = {"text": {"type": "str", "required": True}}


class ActionModule(ComputedAction):
    """Displays, and keeps the text out of the result, which a callback would show in its own form."""

    arguments = ARGUMENTS

    def answer(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._display.display(arguments["text"].rstrip("\n"))
        return {"changed": False}
