# SPDX-License-Identifier: Apache-2.0
"""The filter task_answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.diagnosis.task_answers import task_answer

DOCUMENTATION = r"""
name: task_answer
short_description: Return what a task observed, or why it observed nothing
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
positional: key
description:
  - For the registered result of a task whose failure is an observation, with C(ignore_errors) and
    C(ignore_unreachable).
options:
  _input:
    description: The registered result.
    type: dict
    required: true
  key:
    description: A key that every answer of the module holds.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Look at the GPUs
  inference.stack.gpu_info:
  register: gpu
  timeout: 90
  ignore_errors: true
  ignore_unreachable: true

- name: Say what was seen
  ansible.builtin.debug:
    msg: "{{ (gpu | inference.stack.task_answer('pci_devices')).reason or 'The host answers.' }}"
"""

RETURN = r"""
_value:
  description: What was seen.
  type: dict
  contains:
    reachable:
      description: Whether the host was reached.
      type: bool
      sample: true
    answer:
      description: The result; empty where there is none.
      type: dict
      sample: {}
    reason:
      description: Why there is none; empty otherwise, and after a task that was skipped.
      type: str
      sample: Timed out after 90 second(s).
"""


class FilterModule:
    """Offers task_answer."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"task_answer": as_filter(task_answer)}
