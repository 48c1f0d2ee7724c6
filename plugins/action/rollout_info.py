# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.rollout_info: on the controller it says what it waits for."""

from __future__ import annotations

from ..module_utils.module_call import ModuleCall
from ..modules import rollout_info
from ..plugin_utils.boundary.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """Calls the module."""

    module = rollout_info

    def call(self, call: ModuleCall) -> None:
        rollout_info.run(call, self.say(call))
