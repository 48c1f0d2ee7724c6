# SPDX-License-Identifier: Apache-2.0
"""Documentation of what filters over Kubernetes objects have in common."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  _input:
    description: The objects.
    type: list
    elements: dict
    required: true
"""

    OBSERVED = r"""
options:
  observed:
    description: The result of M(inference.stack.cluster_objects_info).
    type: dict
    required: true
"""
