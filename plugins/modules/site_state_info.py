#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""What a cluster runs for a site, and what stands in the way of what it does not."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_state_info
short_description: Read what a cluster runs for a site
version_added: 0.1.0
description:
  - Reads nodes, workloads with their pods, network policies and Services over one connection.
  - Of pods that do not serve it tells the reason, their warnings, the end of their log, and the cause where
    the log shows one that is known.
  - Changes nothing.
author:
  - The inference.stack authors (@inference-stack)
options:
  workloads:
    description:
      - Deployments, DaemonSets and StatefulSets to read, each in words such as C(Deployment ml/litellm).
    type: list
    elements: str
    default: []
  resource:
    description: The resource that nodes with GPUs offer.
    type: str
    default: nvidia.com/gpu
extends_documentation_fragment:
  - inference.stack.cluster
  - inference.stack.cluster.answers
  - inference.stack.read_only
"""

EXAMPLES = r"""
- name: Read what runs
  inference.stack.site_state_info:
    kubeconfig: "{{ kubeconfig }}"
    namespace: ml
    workloads:
      - Deployment ml/litellm
      - DaemonSet kube-system/nvidia-device-plugin
  register: state

- name: Say what every workload has reached
  ansible.builtin.debug:
    msg: "{{ state.workloads | items2dict(key_name='name', value_name='summary') }}"
  when: state.answers
"""

RETURN = r"""
answers:
  description: Whether the cluster could be read.
  type: bool
  returned: success
reason:
  description: Why not, or empty.
  type: str
  returned: success
server:
  description: The URL of the API server; empty when the kubeconfig does not name one.
  type: str
  returned: success
version:
  description: Version of the API server.
  type: str
  returned: success
namespace_exists:
  description: Whether the namespace exists.
  type: bool
  returned: success
nodes:
  description: All nodes.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the node.
      type: str
    ready:
      description: Whether its kubelet says that it can run pods.
      type: bool
    reason:
      description: The kubelet's words about that.
      type: str
    unschedulable:
      description: Whether somebody keeps new pods away from it (cordon).
      type: bool
    labels:
      description: Its labels.
      type: dict
    taints:
      description: Its taints, as key=value:Effect.
      type: list
      elements: str
    addresses:
      description: Its addresses and names.
      type: list
      elements: str
    capacity:
      description: How much of O(resource) it has registered; V(none) when it never did.
      type: str
    allocatable:
      description: How much of O(resource) pods can get.
      type: int
    version:
      description: Version of its kubelet.
      type: str
workloads:
  description: The workloads that were asked for, in their order.
  type: list
  elements: dict
  returned: success
  contains:
    kind:
      description: Kind of the object.
      type: str
    namespace:
      description: Where it lives.
      type: str
    name:
      description: Its name.
      type: str
    exists:
      description: Whether the cluster has it.
      type: bool
    wanted:
      description: How many pods it asks for.
      type: int
    summary:
      description: What it has reached, in words.
      type: str
    image:
      description: Image of its first container.
      type: str
    complaints:
      description: Why its controller cannot make pods.
      type: list
      elements: str
    labels:
      description: Labels of its pods.
      type: dict
    pods:
      description: Its pods that are not on their way out.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the pod.
          type: str
        node:
          description: The node that runs it, or empty.
          type: str
        ip:
          description: Its address, or empty.
          type: str
        phase:
          description: Phase of its life.
          type: str
        ready:
          description: Whether it serves.
          type: bool
        restarts:
          description: How often its containers were started again.
          type: int
        running_since:
          description: When the process of its first container started; empty when none runs.
          type: str
        labels:
          description: Its labels.
          type: dict
        troubles:
          description: What keeps it from serving.
          type: list
          elements: dict
          contains:
            reason:
              description: Kubernetes' word for it.
              type: str
            message:
              description: More about it.
              type: str
            container:
              description: The container, or empty.
              type: str
        events:
          description: The newest warnings about it.
          type: list
          elements: str
        cause:
          description: What its log shows, where the cause is known; else V(none).
          type: dict
          contains:
            cause:
              description: Short name of the cause.
              type: str
            told:
              description: The cause in words.
              type: str
            fix:
              description: What to do about it.
              type: str
            line:
              description: The line of the log.
              type: str
        log:
          description: The last lines of its log.
          type: list
          elements: str
config_maps:
  description: Data of the ConfigMaps asked for; those that do not exist are left out.
  type: dict
  returned: success
network_policies:
  description: Policies of the namespace.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the policy.
      type: str
    spec:
      description: The policy.
      type: dict
services:
  description: How many pods stand behind each Service of the namespace and serve.
  type: dict
  returned: success
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.absent_cluster import ANSWER_OPTIONS, answer_of
from ..module_utils.cluster.kubeconfig import harmless_values
from ..module_utils.cluster.objects import Identity
from ..module_utils.cluster.site_state import SiteState, Wanted
from ..module_utils.errors import InvalidInput, fail

ARGUMENTS: dict[str, dict[str, Any]] = {
    **ANSWER_OPTIONS,
    "workloads": {"type": "list", "elements": "str", "default": []},
    "resource": {"type": "str", "default": "nvidia.com/gpu"},
}
NOTHING: dict[str, Any] = {
    "version": "",
    "namespace_exists": False,
    "nodes": [],
    "workloads": [],
    "config_maps": {},
    "network_policies": [],
    "services": {},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    module.no_log_values.difference_update(harmless_values(params["kubeconfig"]))
    try:
        workloads = [Identity.parse(f"apps/v1 {words}") for words in params["workloads"]]
    except InvalidInput as error:
        fail(module, error)
    wanted = Wanted(params["namespace"], workloads, params["config_maps"], params["resource"])
    found = answer_of(params, NOTHING, lambda api: SiteState(api, wanted).read())
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
