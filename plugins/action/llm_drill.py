# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.llm_drill: on the controller it says what it does to the site."""

from __future__ import annotations

from ..module_utils.module_call import ModuleCall
from ..modules import llm_drill
from ..plugin_utils.boundary.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """Calls the module."""

    module = llm_drill

    def call(self, call: ModuleCall) -> None:
        llm_drill.run(call, self.say(call))
