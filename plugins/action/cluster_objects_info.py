# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.cluster_objects_info: on the controller no process is started for it."""

from __future__ import annotations

from ..modules import cluster_objects_info
from ..plugin_utils.boundary.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """Calls the module."""

    module = cluster_objects_info
