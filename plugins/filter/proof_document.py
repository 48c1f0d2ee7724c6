# SPDX-License-Identifier: Apache-2.0
"""The filter proof_document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.reporting.proof import proof

DOCUMENTATION = r"""
name: proof_document
short_description: Put what a proof found into a document
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Keeps of a proof what P(inference.stack.report_page#filter) shows later without asking anybody again.
  - That is the tiers, who answers what consumers may ask for, and every check of every model.
positional: results, time
options:
  _input:
    description: The plan of M(inference.stack.plan).
    type: dict
    required: true
  results:
    description: Results of M(inference.stack.llm_contract), called in a loop over models of the plan.
    type: list
    elements: dict
    required: true
  time:
    description: When it was proven, in UTC.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Note what was found
  ansible.builtin.copy:
    content: >-
      {{ inference_plan | inference.stack.proof_document(contracts.results, '2026-01-31T12:00:00Z')
         | to_nice_json }}
    dest: proof.json
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The document.
  type: dict
  contains:
    format:
      description: Version of the document's form.
      type: int
      sample: 1
    time:
      description: O(time).
      type: str
      sample: '2026-01-31T12:00:00Z'
    namespace:
      description: Namespace of the models.
      type: str
      sample: ml
    image:
      description: Image of the engines.
      type: str
      sample: vllm/vllm-openai:v0.8.5.post1
    mode:
      description: Default mode of the site.
      type: str
      sample: ml
    tiers:
      description: The C(address) and C(tier) of each server behind the gateway.
      type: list
      elements: dict
      sample: [{address: 'http://ollama.ml.svc.cluster.local:11434', tier: cpu}]
    routes:
      description:
        - For each C(model) of the gateway its C(aliases) and C(steps), which answer one after the other.
      type: list
      elements: dict
      sample: [{model: Qwen/Qwen3-8B-AWQ, aliases: [vllm-qwen], steps: [{model: 'qwen3:4b', tier: cpu}]}]
    contracts:
      description: For each model that was asked, whether its contract is C(fulfilled), and its C(checks).
      type: list
      elements: dict
      sample: [{model: Qwen/Qwen3-8B-AWQ, fulfilled: true, checks: []}]
"""


class FilterModule:
    """Offers proof_document."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"proof_document": as_filter(proof)}
