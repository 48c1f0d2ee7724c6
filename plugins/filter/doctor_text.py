# SPDX-License-Identifier: Apache-2.0
"""The filter doctor_text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.reporting.doctor_text import diagnosis_report

DOCUMENTATION = r"""
name: doctor_text
short_description: Write a diagnosis down for people or for programs
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Gives the verdict, one row per layer, and for the first fault what was seen and what to do next.
positional: format
options:
  _input:
    description: The result of P(inference.stack.diagnose_site#filter).
    type: dict
    required: true
extends_documentation_fragment:
  - inference.stack.report
"""

EXAMPLES = r"""
- name: Show the diagnosis
  ansible.builtin.debug:
    msg: "{{ observations | inference.stack.diagnose_site | inference.stack.doctor_text }}"
"""

RETURN = r"""
_value:
  description: The report in the chosen format, with a line end.
  type: str
  sample: |
    ok: every answer comes from the tier that should give it
"""


class FilterModule:
    """Offers doctor_text."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"doctor_text": as_filter(diagnosis_report)}
