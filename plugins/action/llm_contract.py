# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.llm_contract: on the controller it says what it waits for."""

from __future__ import annotations

from ..module_utils.module_call import ModuleCall
from ..modules import llm_contract
from ..plugin_utils.boundary.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """Calls the module."""

    module = llm_contract

    def call(self, call: ModuleCall) -> None:
        llm_contract.run(call, self.say(call))
