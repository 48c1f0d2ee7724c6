# SPDX-License-Identifier: Apache-2.0
"""The filter status_document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.diagnosis.site_status import site_status

DOCUMENTATION = r"""
name: status_document
short_description: Say what a site is doing now
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Puts hosts, GPU memory, mode, models, tiers, last figures and versions into one document.
  - Whatever is missing among the observations is empty, never an error.
positional: history
options:
  _input:
    description: The same as for P(inference.stack.diagnose_site#filter).
    type: dict
    required: true
  history:
    description: Text of the file that M(inference.stack.benchmark_history) writes.
    type: str
    default: ''
"""

EXAMPLES = r"""
document: "{{ observations | inference.stack.status_document }}"
"""

RETURN = r"""
_value:
  description: The document.
  type: dict
  contains:
    format:
      description: Version of this form.
      type: int
      sample: 1
    namespace:
      description: Where everything runs.
      type: str
      sample: ml
    mode:
      description: Who owns the GPU.
      type: str
      sample: ml
    cluster:
      description: Whether the cluster C(answers), and if not the C(reason).
      type: dict
      sample: {answers: true, reason: ''}
    gateway:
      description:
        - The C(url) at which it was asked, C(public_url) of its way in from outside, whether it is C(alive),
          and the C(error).
      type: dict
      sample: {url: 'http://192.0.2.10:30400', public_url: 'https://llm.example.com', alive: true, error: ''}
    hosts:
      description: GPU hosts with their GPUs, driver and node, then the nodes without GPUs.
      type: list
      elements: dict
      sample: [{name: gpu-worker, driver: 570.195.03}]
    models:
      description:
        - Each with its names, C(state) (V(serves), V(starts), V(fails), V(off) or V(unknown)), how many pods
          serve and are wanted, and the C(tier) that answered for it.
      type: list
      elements: dict
      sample: [{name: qwen3-8b-awq, state: serves, tier: gpu}]
    tiers:
      description: Each with its models, whether it was C(asked), C(answers), and how fast.
      type: list
      elements: dict
      sample: [{tier: cpu, asked: true, answers: true}]
    figures:
      description: The best load of each model's last benchmark.
      type: list
      elements: dict
      sample: [{model: Qwen/Qwen3-8B-AWQ, output_throughput: 216.4}]
    versions:
      description: What runs, by part.
      type: dict
      sample: {k3s: v1.34.2+k3s1}
"""


class FilterModule:
    """Offers status_document."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"status_document": as_filter(site_status)}
