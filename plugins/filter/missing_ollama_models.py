# SPDX-License-Identifier: Apache-2.0
"""The filter missing_ollama_models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.rendering.plain import as_filter
from ansible_collections.inference.stack.plugins.plugin_utils.rendering.registry import missing_ollama_models

DOCUMENTATION = r"""
name: missing_ollama_models
short_description: Find the models that Ollama has to pull
version_added: 0.1.0
author:
  - The inference.stack authors
description:
  - Compares models with the output of C(ollama list) and gives the commands that fetch each missing one.
positional: listing
options:
  _input:
    description: The models, each with C(name) and perhaps C(source) and C(insecure).
    type: list
    elements: dict
    required: true
  listing:
    description: The output of C(ollama list).
    type: str
    required: true
"""

EXAMPLES = r"""
missing: "{{ ollama_models | inference.stack.missing_ollama_models(listing.stdout) }}"
"""

RETURN = r"""
_value:
  description: One entry per missing model, with its name and commands.
  type: list
  elements: dict
"""


class FilterModule:
    """Offers missing_ollama_models."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"missing_ollama_models": as_filter(missing_ollama_models)}
