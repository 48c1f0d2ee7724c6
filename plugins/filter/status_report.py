# SPDX-License-Identifier: Apache-2.0
"""The filter status_report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.status_text import status_report
from ansible_collections.inference.stack.plugins.plugin_utils.rendering.plain import as_filter

DOCUMENTATION = r"""
name: status_report
short_description: Write a site's status down for people or for programs
version_added: 0.1.0
author:
  - The inference.stack authors
description:
  - Gives hosts, models, tiers, last figures and versions as short tables.
positional: format
options:
  _input:
    description: The result of P(inference.stack.site_status#filter).
    type: dict
    required: true
extends_documentation_fragment:
  - inference.stack.report
"""

EXAMPLES = r"""
- name: Show the status
  ansible.builtin.debug:
    msg: "{{ observations | inference.stack.site_status | inference.stack.status_report }}"
"""

RETURN = r"""
_value:
  description: The report in the chosen format, with a line end.
  type: str
"""


class FilterModule:
    """Offers status_report."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"status_report": as_filter(status_report)}
