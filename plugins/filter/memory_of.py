# SPDX-License-Identifier: Apache-2.0
"""The filter memory_of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.rendering.objects import memory_of
from ansible_collections.inference.stack.plugins.plugin_utils.rendering.plain import as_filter

DOCUMENTATION = r"""
name: memory_of
short_description: Make the ConfigMap that remembers what an owner applied
version_added: 0.1.0
author:
  - The inference.stack authors
description:
  - The ConfigMap C(inference-stack-OWNER) with one line per object.
positional: stale, owner, namespace
options:
  _input:
    description: The objects that are applied.
    type: list
    elements: dict
    required: true
  stale:
    description: Objects of earlier runs that still have to be removed.
    type: list
    elements: dict
    required: true
  owner:
    description: The owner.
    type: str
    required: true
  namespace:
    description: Where the ConfigMap lives.
    type: str
    required: true
"""

EXAMPLES = r"""
memory: "{{ objects | inference.stack.memory_of([], 'vllm', 'ml') }}"
"""

RETURN = r"""
_value:
  description: The ConfigMap.
  type: dict
"""


class FilterModule:
    """Offers memory_of."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"memory_of": as_filter(memory_of)}
