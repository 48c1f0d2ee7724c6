# SPDX-License-Identifier: Apache-2.0
"""The filter needed_models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.needed_models import needed_models

DOCUMENTATION = r"""
name: needed_models
short_description: Name what of a model cache has to stay
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - What the models of all modes need, and the engines that a cluster still has, of whichever site.
positional: deployments
options:
  _input:
    description: The models, as the plan gives them.
    type: list
    elements: dict
    required: true
  deployments:
    description: Deployments of engines, as the API server gives them.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
stays: "{{ vllm_models | inference.stack.needed_models }}"
"""

RETURN = r"""
_value:
  description: What has to stay.
  type: dict
  contains:
    needed:
      description: Snapshots, as C(REPOSITORY@REVISION).
      type: list
      elements: str
      sample: [Qwen/Qwen3-8B-AWQ@main]
    mentioned:
      description: Arguments that may name further repositories, of which all snapshots stay.
      type: list
      elements: str
      sample: ['{"model": "org/draft"}']
"""


class FilterModule:
    """Offers needed_models."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"needed_models": as_filter(needed_models)}
