# SPDX-License-Identifier: Apache-2.0
"""The filter pending_secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.apply_steps import pending_secrets

DOCUMENTATION = r"""
name: pending_secrets
short_description: Find the Secrets that an apply has to send
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - The Secrets among the steps, with the namespaces that they need. Use it in a task with C(no_log) only.

positional: sets
options:
  _input:
    description: The result of P(inference.stack.apply_steps#filter).
    type: dict
    required: true
  sets:
    description: The result of P(inference.stack.object_sets#filter).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
definitions: "{{ steps | inference.stack.pending_secrets(sets) }}"
"""

RETURN = r"""
_value:
  description: The objects.
  type: list
  elements: dict
  sample: [{apiVersion: v1, kind: Secret, metadata: {name: web-password, namespace: demo}}]
"""


class FilterModule:
    """Offers pending_secrets."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"pending_secrets": as_filter(pending_secrets)}
