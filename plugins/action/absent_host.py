# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.absent_host: a host counts as unreachable without being tried."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.boundary.computed_action import ComputedAction

ARGUMENTS: dict[str, dict[str, Any]] = {"msg": {"type": "str", "required": True}}


class ActionModule(ComputedAction):
    """Says why, in the words of the task."""

    arguments = ARGUMENTS

    def answer(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"unreachable": True, "changed": False, "msg": arguments["msg"]}
