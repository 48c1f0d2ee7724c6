# SPDX-License-Identifier: Apache-2.0
"""The filter plan_text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.reporting.plan_formats import plan_report

DOCUMENTATION = r"""
name: plan_text
short_description: Write a plan down for people or for programs
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Puts the plan, what was seen on the hosts, and the comparison with what runs into one document.
  - The section C(plan) of the document is the same before and after a site is built; C(observed) and
    C(comparison) describe the moment.
positional: observed, hosts, comparison
options:
  _input:
    description: The plan of M(inference.stack.plan).
    type: dict
    required: true
  observed:
    description: What M(inference.stack.plan) returned beside the plan.
    type: dict
    required: true
  hosts:
    description:
      - The GPU hosts, each with C(name) and C(gpu_info), the result of M(inference.stack.gpu_info).
      - A host that was not asked has a C(reason) instead.
    type: list
    elements: dict
    required: true
  comparison:
    description: The result of P(inference.stack.plan_changes#filter).
    type: dict
    required: true
  format:
    description: V(table) is aligned text of at most 91 columns, V(json) is one JSON document.
extends_documentation_fragment:
  - inference.stack.report
"""

EXAMPLES = r"""
- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ inference_plan | inference.stack.plan_text(observed, hosts, comparison) }}"

- name: Write it for a program
  ansible.builtin.copy:
    content: "{{ inference_plan | inference.stack.plan_text(observed, hosts, comparison, format='json') }}"
    dest: plan.json
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The document in the chosen format, with a line end.
  type: str
  sample: |
    MODEL  qwen3-8b-awq: Qwen/Qwen3-8B-AWQ, mode ml, 1 GPU
"""


class FilterModule:
    """Offers plan_text."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"plan_text": as_filter(plan_report)}
