# SPDX-License-Identifier: Apache-2.0
"""The filter name_drift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.diagnosis.name_layers import name_drift

DOCUMENTATION = r"""
name: name_drift
short_description: Name what calls a model otherwise than its engine does
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Compares routes, aliases and fallbacks of the gateway, the chat's first model, the ConfigMap for programs
    beside the site, and the rows of a registry with the plan and with what engines say.
  - What was not observed is not judged.
options:
  _input:
    description:
      - Observations as P(inference.stack.diagnose_site#filter) takes them. It needs C(plan), and C(cluster)
        with the C(config_maps) of the gateway.
    type: dict
    required: true
"""

EXAMPLES = r"""
drift: "{{ {'plan': inference_plan, 'cluster': seen} | inference.stack.name_drift }}"
"""

RETURN = r"""
_value:
  description: One sentence for each difference, with what to do about it.
  type: list
  elements: str
  sample: ["vllm-qwen: the gateway does not know this alias of Qwen/Qwen3-8B-AWQ. Run playbooks/site.yml."]
"""


class FilterModule:
    """Offers name_drift."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"name_drift": as_filter(name_drift)}
