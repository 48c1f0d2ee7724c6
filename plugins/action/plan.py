# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.plan: arguments in, plan out, on the controller, without side effects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..plugin_utils.boundary.computed_action import ComputedAction
from ..plugin_utils.planning.plan import make_plan

# catalog/ is beside plugins/, in a checkout and in an installed collection.
CATALOG = Path(__file__).parents[2] / "catalog"


class ActionModule(ComputedAction):
    """Computes only, so check mode is no different."""

    def answer(self, arguments: dict[str, Any]) -> dict[str, Any]:
        outcome = make_plan(arguments, CATALOG)
        return {"changed": False, "plan": outcome.plan, "observed": outcome.observed}
