# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.absent_host: a host counts as unreachable without being tried."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

ARGUMENTS: dict[str, dict[str, Any]] = {"msg": {"type": "str", "required": True}}


class ActionModule(ActionBase):
    """Says why, in the words of the task."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, checked = self.validate_argument_spec(argument_spec=ARGUMENTS)
        result.update(unreachable=True, changed=False, msg=checked["msg"])
        return result
