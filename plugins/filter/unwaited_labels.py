# SPDX-License-Identifier: Apache-2.0
"""The filter unwaited_labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.reporting.unwaited import unwaited_labels

DOCUMENTATION = r"""
name: unwaited_labels
short_description: Name the workloads that nobody waits for while hosts are away
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Engines whose host did not answer, what fetches models there or might, and the device plugin.
  - The Jobs of the other hosts are waited for.
positional: absent, one_cache
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
  one_cache:
    description: Whether all nodes share one cache, so that a model is fetched once.
    type: bool
    default: false
"""

EXAMPLES = r"""
cluster_objects_unwaited: "{{ inference_plan | inference.stack.unwaited_labels(['gpu']) }}"
"""

RETURN = r"""
_value:
  description: Label sets. A workload that has all labels of one is not waited for.
  type: list
  elements: dict
  sample: [{app.kubernetes.io/instance: vllm-qwen3-8b-awq}]
"""


class FilterModule:
    """Offers unwaited_labels."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"unwaited_labels": as_filter(unwaited_labels)}
