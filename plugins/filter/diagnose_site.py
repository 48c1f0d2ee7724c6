# SPDX-License-Identifier: Apache-2.0
"""The filter diagnose_site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.diagnosis.walk import examine

DOCUMENTATION = r"""
name: diagnose_site
short_description: Name the first layer of a site that is broken
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Walks from the host over PCI link, driver, device nodes, runtime, CDI, node, pod, engine, model and names
    to the gateway, and says of each layer whether it works, what shows that, and what to do next.
  - Unknown layers are C(not_reached) if a layer below them is broken.
  - Whatever is missing among the observations is unknown, never an error.
options:
  _input:
    description:
      - C(plan) is the plan of M(inference.stack.plan), C(cluster) the result of
        M(inference.stack.site_state_info), C(gateway) that of M(inference.stack.llm_endpoint_info) with
        C(has_key).
      - C(hosts) are the GPU hosts, each with C(name), C(node), C(address), C(reachable), C(error), the wanted
        C(labels) and C(taints), and the results of M(inference.stack.gpu_info) as C(gpu) and of
        M(inference.stack.gpu_stack_info) as C(stack).
      - C(engines) are the results of M(inference.stack.llm_endpoint_info) in a loop over pods, which stand in
        C(item).
      - C(registry) is the result of M(inference.stack.model_registry_rows) or
        M(inference.stack.model_registry_commands) in check mode, with the C(wanted) rows, or C(error).
      - C(fallback_config_namespace) is where the ConfigMap C(llm-fallback-config) should be.
      - C(now) is the time in seconds since the epoch.
    type: dict
    required: true
"""

EXAMPLES = r"""
document: "{{ observations | inference.stack.diagnose_site }}"
"""

RETURN = r"""
_value:
  description: The walk.
  type: dict
  contains:
    format:
      description: Version of this form.
      type: int
      sample: 1
    verdict:
      description:
        - V(ok), V(degraded) or V(broken).
        - Degraded is a site that answers every request in spite of a fault, if only from a lower tier.
      type: str
      sample: degraded
    mode:
      description: Who owns the GPU.
      type: str
      sample: ml
    fault:
      description:
        - The first finding that is broken, or else the first that is degraded, with its C(layer); V(none)
          when all is well.
      type: dict
      sample: {layer: driver, status: broken, subject: gpu, next_step: Reboot the host.}
    layers:
      description: One row per layer, from the bottom up.
      type: list
      elements: dict
      contains:
        layer:
          description: Name of the layer.
          type: str
          sample: driver
        title:
          description: Its name for people.
          type: str
          sample: driver
        status:
          description: V(ok), V(degraded), V(broken), V(unknown), V(not_reached) or V(not_applicable).
          type: str
          sample: broken
        findings:
          description: One row per host, model or tier, with its status, subject, evidence and next step.
          type: list
          elements: dict
          sample:
            - status: broken
              subject: gpu
              evidence: The driver is not loaded.
              next_step: Reboot the host.
    answers:
      description: What the gateway answered, with C(model), C(answered), C(tier), C(latency_s) and C(error).
      type: list
      elements: dict
      sample: [{model: Qwen/Qwen3-8B-AWQ, answered: true, tier: cpu, latency_s: 1.9, error: ''}]
"""


class FilterModule:
    """Offers diagnose_site."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"diagnose_site": as_filter(examine)}
