# SPDX-License-Identifier: Apache-2.0
"""The filter status_text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.reporting.status_text import status_report

DOCUMENTATION = r"""
name: status_text
short_description: Write a site's status down for people or for programs
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Gives hosts, models, tiers, last figures and versions as short tables.
positional: format
options:
  _input:
    description: The result of P(inference.stack.status_document#filter).
    type: dict
    required: true
extends_documentation_fragment:
  - inference.stack.report
"""

EXAMPLES = r"""
- name: Show the status
  ansible.builtin.debug:
    msg: "{{ observations | inference.stack.status_document | inference.stack.status_text }}"
"""

RETURN = r"""
_value:
  description: The report in the chosen format, with a line end.
  type: str
  sample: |
    MODE  ml
"""


class FilterModule:
    """Offers status_text."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"status_text": as_filter(status_report)}
