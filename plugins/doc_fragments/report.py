# SPDX-License-Identifier: Apache-2.0
"""Documentation of what filters have in common that write a report."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  format:
    description: V(table) is aligned text of at most 80 columns, V(json) is one JSON document.
    type: str
    choices: [table, json]
    default: table
"""
