# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.ollama_model: on the controller no process is started for it."""

from __future__ import annotations

from ..modules import ollama_model
from ..plugin_utils.boundary.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """Calls the module."""

    module = ollama_model
