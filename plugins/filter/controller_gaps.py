# SPDX-License-Identifier: Apache-2.0
"""The filter controller_gaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils.errors import InvalidInput
from ..plugin_utils.boundary.controller import MORE_PACKAGES, controller_gaps, package_gaps
from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.boundary.plain import plain

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
  packages:
    description:
      - Look for these Python packages instead, which not every site needs.
    type: list
    elements: str
    choices: [psycopg]
    default: []
"""

EXAMPLES = r"""
gaps: "{{ ansible_playbook_python | inference.stack.controller_gaps }}"
more: "{{ ansible_playbook_python | inference.stack.controller_gaps(packages=['psycopg']) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each gap, with the command that closes it.
  type: list
  elements: str
  sample: ["Ansible has not the collection kubernetes.core. Run: ansible-galaxy collection install …"]
"""


def gaps(python: str, packages: Any = ()) -> list[str]:
    """Read the packages and look for them."""
    wanted = plain(packages)
    if unknown := [name for name in wanted if name not in MORE_PACKAGES]:
        raise InvalidInput(f"packages names {unknown[0]}.", f"Known: {', '.join(MORE_PACKAGES)}.")
    return package_gaps(python, wanted) if wanted else controller_gaps(python)


class FilterModule:
    """Offers controller_gaps."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"controller_gaps": as_filter(gaps)}
