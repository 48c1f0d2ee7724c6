# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.shown_text: a text reaches the screen as it is."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

ARGUMENTS: dict[str, dict[str, Any]] = {"text": {"type": "str", "required": True}}


class ActionModule(ActionBase):
    """Displays, and keeps the text out of the result, which a callback would show in its own form."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, checked = self.validate_argument_spec(argument_spec=ARGUMENTS)
        self._display.display(checked["text"].rstrip("\n"))
        result.update(changed=False)
        return result
