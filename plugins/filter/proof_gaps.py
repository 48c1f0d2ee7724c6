# SPDX-License-Identifier: Apache-2.0
"""The filter proof_gaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.reporting.proof_gaps import proof_gaps

DOCUMENTATION = r"""
name: proof_gaps
short_description: Name the active models that cannot be proven now
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - A model whose host did not answer is left out of waits and of the proof.
  - In check mode the plan may not have been applied. A model whose engine is still to be made or changed, or
    that the gateway does not offer, is left out of the proof, too.
positional: absent, comparison, offered
options:
  _input:
    description: The plan of M(inference.stack.plan).
    type: dict
    required: true
  absent:
    description: Names of hosts that did not answer.
    type: list
    elements: str
    default: []
  comparison:
    description: What P(inference.stack.plan_changes#filter) returned; nothing where the plan was applied.
    type: dict
  offered:
    description: The models that the gateway offers, together with O(comparison).
    type: list
    elements: str
"""

EXAMPLES = r"""
left_out: "{{ inference_plan | inference.stack.proof_gaps(['gpu']) }}"
"""

RETURN = r"""
_value:
  description: One row for each model that is left out.
  type: list
  elements: dict
  contains:
    name:
      description: Its name in the inventory.
      type: str
      sample: qwen3-8b-awq
    served_name:
      description: Its name at the gateway.
      type: str
      sample: Qwen/Qwen3-8B-AWQ
    labels:
      description: The label that only its engine has.
      type: dict
      sample: {app.kubernetes.io/instance: vllm-qwen3-8b-awq}
    reason:
      description: Why it is left out.
      type: str
      sample: gpu did not answer
"""


class FilterModule:
    """Offers proof_gaps."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"proof_gaps": as_filter(proof_gaps)}
