# SPDX-License-Identifier: Apache-2.0
"""The filter benchmark_table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.reporting.benchmark_table import benchmark_table

DOCUMENTATION = r"""
name: benchmark_table
short_description: Show runs of a benchmark as a table
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - One line for each load of each run, with the medians of TTFT and TPOT and what the history says.
options:
  _input:
    description: Runs, each RV(inference.stack.benchmark_history#module:entry).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what was measured
  ansible.builtin.debug:
    msg: "{{ [noted.entry] | inference.stack.benchmark_table }}"
"""

RETURN = r"""
_value:
  description: The table, at most 91 columns wide.
  type: str
  sample: |
    model              load  tok/s
    Qwen/Qwen3-8B-AWQ     1   61.2
"""


class FilterModule:
    """Offers benchmark_table."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"benchmark_table": as_filter(benchmark_table)}
