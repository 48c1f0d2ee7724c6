#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Waits until a node offers an extended resource such as nvidia.com/gpu."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_resource_info
short_description: Wait until a node of the cluster offers a resource
version_added: 0.1.0
description:
  - Reads the nodes until at least one of them can allocate the resource, and says which ones cannot and why.
  - Changes nothing.
author:
  - The inference.stack authors (@inference-stack)
options:
  resource:
    description: The resource.
    type: str
    default: nvidia.com/gpu
  node_selector:
    description: Labels of the nodes that should offer it.
    type: dict
    default: {}
  timeout:
    description: Seconds to wait. With 0 it reads once.
    type: int
    default: 120
extends_documentation_fragment:
  - inference.stack.cluster
  - inference.stack.read_only
"""

EXAMPLES = r"""
- name: Wait for the GPU
  inference.stack.node_resource_info:
    kubeconfig: "{{ kubeconfig }}"
    node_selector:
      nvidia.com/gpu: "true"
"""

RETURN = r"""
offering:
  description: How much each node can allocate.
  type: dict
  returned: always
  sample: {gpu-worker: 1}
lacking:
  description: Nodes with the labels that offer none, and what is known about why.
  type: dict
  returned: always
  sample: {}
hint:
  description: What to do next, where the module knows.
  type: str
  returned: failure
  sample: 'Look at its log: kubectl -n ml logs deployment/litellm'
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.api import Api
from ..module_utils.cluster.cluster_options import CLUSTER_OPTIONS
from ..module_utils.cluster.kubeconfig import harmless_values
from ..module_utils.cluster.node_resources import Offers, label_selector, offers
from ..module_utils.connection import require_given
from ..module_utils.errors import ProbeFailed, StackError, fail


def look(api: Api, params: dict[str, Any]) -> Offers:
    answer = api.get("/api/v1/nodes", {"labelSelector": label_selector(params["node_selector"])}) or {}
    return offers(answer.get("items") or [], params["resource"])


def complaint(found: Offers, params: dict[str, Any]) -> ProbeFailed:
    labels = ", ".join(f"{key}={value}" for key, value in sorted(params["node_selector"].items()))
    if not found.lacking:
        return ProbeFailed(
            f"No node has the labels {labels}.",
            "Label the nodes with GPUs, for example through k3s_node_labels.",
        )
    nodes = "; ".join(f"{name}: {reason}" for name, reason in found.lacking.items())
    return ProbeFailed(
        f"No node offers {params['resource']} ({nodes})",
        "Does nvidia-smi work on the node, and does the pod nvidia-device-plugin there log an error?",
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_OPTIONS,
            "resource": {"type": "str", "default": "nvidia.com/gpu"},
            "node_selector": {"type": "dict", "default": {}},
            "timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    require_given(module, "kubeconfig")
    module.no_log_values.difference_update(harmless_values(module.params["kubeconfig"]))
    found = Offers({}, {})
    try:
        api = Api.from_kubeconfig(module.params["kubeconfig"], module.params["context"])
        deadline = time.monotonic() + module.params["timeout"]
        found = look(api, module.params)
        while not found.offering and time.monotonic() < deadline:
            time.sleep(1)
            found = look(api, module.params)
        if not found.offering:
            raise complaint(found, module.params)
    except StackError as error:
        fail(module, error, **found._asdict())
    module.exit_json(changed=False, **found._asdict())


if __name__ == "__main__":
    main()
