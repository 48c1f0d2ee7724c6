# SPDX-License-Identifier: Apache-2.0
"""The filter gateway_models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.gateway import gateway_models

DOCUMENTATION = r"""
name: gateway_models
short_description: Make LiteLLM's model_list
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Renames C(model_info.tier) to C(model_info.inference_tier) where it is one of ours (gpu, cpu, cloud).
    LiteLLM takes only free or paid there and leaves a model out that says something else.
options:
  _input:
    description: The models in LiteLLM's own words.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
model_list: "{{ litellm_models | inference.stack.gateway_models }}"
"""

RETURN = r"""
_value:
  description: The models.
  type: list
  elements: dict
  sample:
    - model_name: Qwen/Qwen3-8B-AWQ
      litellm_params:
        model: hosted_vllm/Qwen/Qwen3-8B-AWQ
      model_info:
        inference_tier: gpu
"""


class FilterModule:
    """Offers gateway_models."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"gateway_models": as_filter(gateway_models)}
