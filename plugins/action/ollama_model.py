# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.ollama_model: on the controller it says how far a download is."""

from __future__ import annotations

from ..module_utils.module_call import ModuleCall
from ..modules import ollama_model
from ..plugin_utils.boundary.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """Calls the module."""

    module = ollama_model

    def call(self, call: ModuleCall) -> None:
        ollama_model.run(call, self.say(call))
