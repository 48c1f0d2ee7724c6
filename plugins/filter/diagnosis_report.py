# SPDX-License-Identifier: Apache-2.0
"""The filter diagnosis_report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.text import diagnosis_report
from ansible_collections.inference.stack.plugins.plugin_utils.rendering.plain import as_filter

DOCUMENTATION = r"""
name: diagnosis_report
short_description: Write a diagnosis down for people or for programs
version_added: 0.1.0
author:
  - The inference.stack authors
description:
  - Gives the verdict, one row per layer, and for the first fault what was seen and what to do next.
positional: format
options:
  _input:
    description: The result of P(inference.stack.diagnosis#filter).
    type: dict
    required: true
extends_documentation_fragment:
  - inference.stack.report
"""

EXAMPLES = r"""
- name: Show the diagnosis
  ansible.builtin.debug:
    msg: "{{ observations | inference.stack.diagnosis | inference.stack.diagnosis_report }}"
"""

RETURN = r"""
_value:
  description: The report in the chosen format, with a line end.
  type: str
"""


class FilterModule:
    """Offers diagnosis_report."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"diagnosis_report": as_filter(diagnosis_report)}
