# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.rollout_info: on the controller no process is started for it."""

from __future__ import annotations

from ..modules import rollout_info
from ..plugin_utils.boundary.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """Calls the module."""

    module = rollout_info
