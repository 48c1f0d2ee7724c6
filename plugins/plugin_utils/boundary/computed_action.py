# SPDX-License-Identifier: Apache-2.0
"""The base of actions that have no module behind them: arguments in, a result out, on the controller."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ...module_utils.errors import StackError
from .plain import plain


class ComputedAction(ActionBase):
    """Checks the arguments, asks ``answer`` for the result, and fails the task with a StackError's words."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    # None leaves the check to whoever reads them.
    arguments: dict[str, dict[str, Any]] | None = None

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        if self.arguments is not None:
            _, given = self.validate_argument_spec(argument_spec=self.arguments)
        try:
            result.update(self.answer(plain(given)))
        except StackError as error:
            raise AnsibleActionFail(str(error), result={"hint": error.hint}) from None
        return result

    def answer(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """What the task returns. Raises StackError."""
        raise NotImplementedError
