# SPDX-License-Identifier: Apache-2.0
"""The filter controller_gaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.controller import controller_gaps
from ..plugin_utils.boundary.filters import as_filter

DOCUMENTATION = r"""
name: controller_gaps
short_description: Name what the controller lacks
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Looks for the Python package and the collection that apply objects to a cluster.
options:
  _input:
    description: The Python that runs Ansible, for the commands.
    type: str
    required: true
"""

EXAMPLES = r"""
gaps: "{{ ansible_playbook_python | inference.stack.controller_gaps }}"
"""

RETURN = r"""
_value:
  description: One sentence for each gap, with the command that closes it.
  type: list
  elements: str
  sample: ["Ansible has not the collection kubernetes.core. Run: ansible-galaxy collection install …"]
"""


class FilterModule:
    """Offers controller_gaps."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"controller_gaps": as_filter(controller_gaps)}
