# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.plan: arguments in, plan out, on the controller, without side effects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils.errors import StackError
from ..plugin_utils.boundary.plain import plain
from ..plugin_utils.planning.plan import make_plan

# catalog/ is beside plugins/, in a checkout and in an installed collection.
CATALOG = Path(__file__).parents[2] / "catalog"


class ActionModule(ActionBase):
    """Computes only, so check mode is no different."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            outcome = make_plan(plain(self._task.args), CATALOG)
        except StackError as error:
            raise AnsibleActionFail(str(error), result={"hint": error.hint}) from None
        result.update(changed=False, plan=outcome.plan, observed=outcome.observed)
        return result
