# SPDX-License-Identifier: Apache-2.0
"""The filter gateway_fallbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.gateway import gateway_fallbacks

DOCUMENTATION = r"""
name: gateway_fallbacks
short_description: Make LiteLLM's fallbacks hold for aliases too
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Adds an entry for every alias of a model that has fallbacks.
    LiteLLM looks a fallback up by the name in the request, before it resolves an alias.
positional: aliases
options:
  _input:
    description: The fallbacks in LiteLLM's own words, one mapping from a model to a list of models each.
    type: list
    elements: dict
    required: true
  aliases:
    description: Aliases and the models that they stand for.
    type: dict
    required: true
"""

EXAMPLES = r"""
fallbacks: "{{ litellm_fallbacks | inference.stack.gateway_fallbacks(litellm_aliases) }}"
"""

RETURN = r"""
_value:
  description: The fallbacks.
  type: list
  elements: dict
  sample: [{Qwen/Qwen3-8B-AWQ: ['qwen3:4b']}, {vllm-qwen: ['qwen3:4b']}]
"""


class FilterModule:
    """Offers gateway_fallbacks."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"gateway_fallbacks": as_filter(gateway_fallbacks)}
