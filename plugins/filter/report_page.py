# SPDX-License-Identifier: Apache-2.0
"""The filter report_page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.reporting.site_report.page import site_report

DOCUMENTATION = r"""
name: report_page
short_description: Draw what was proven, drilled and measured as one HTML page
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Shows the tiers, the contract of each model, what a drill found, throughput and latency against the
    load, and the history.
  - The page contains all it needs and loads nothing. It fits a phone, a wide screen and paper.
positional: history, title, drill
options:
  _input:
    description: Text of a file with what P(inference.stack.proof_document#filter) returned. May be empty.
    type: str
    required: true
  history:
    description: Text of a history of M(inference.stack.benchmark_history). May be empty unless all are.
    type: str
    required: true
  title:
    description: Head of the page.
    type: str
    default: Inference site
  drill:
    description: Text of the file in which C(playbooks/drill.yml) keeps what it found. May be empty.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Draw the report
  ansible.builtin.copy:
    content: >-
      {{ lookup('ansible.builtin.file', 'proof.json')
         | inference.stack.report_page(lookup('ansible.builtin.file', 'history.jsonl'), title='Home') }}
    dest: report.html
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The page.
  type: str
  sample: <!doctype html>
"""


class FilterModule:
    """Offers report_page."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"report_page": as_filter(site_report)}
