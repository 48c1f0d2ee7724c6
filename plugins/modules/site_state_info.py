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
  - For pods that do not serve it reports the reason, their warnings, the end of their log, and the cause if
    the log shows a known one.
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
  variables:
    description: Environment variables of first containers whose values the caller wants to know.
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

- name: Say how far every workload is
  ansible.builtin.debug:
    msg: "{{ state.workloads | items2dict(key_name='name', value_name='summary') }}"
  when: state.answers
"""

RETURN = r"""
answers:
  description: Whether the cluster could be read.
  type: bool
  returned: success
  sample: true
reason:
  description: Why not, or empty.
  type: str
  returned: success
  sample: ''
server:
  description: The URL of the API server; empty when the kubeconfig does not name one.
  type: str
  returned: success
  sample: https://192.0.2.10:6443
version:
  description: Version of the API server.
  type: str
  returned: success
  sample: v1.34.2+k3s1
namespace_exists:
  description: Whether the namespace exists.
  type: bool
  returned: success
  sample: true
nodes:
  description: All nodes.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the node.
      type: str
      sample: gpu-worker
    ready:
      description: Whether its kubelet says that it can run pods.
      type: bool
      sample: true
    reason:
      description: The kubelet's words about that.
      type: str
      sample: kubelet is posting ready status
    unschedulable:
      description: Whether it accepts no new pods (cordon).
      type: bool
      sample: false
    labels:
      description: Its labels.
      type: dict
      sample: {nvidia.com/gpu: 'true'}
    taints:
      description: Its taints, as key=value:Effect.
      type: list
      elements: str
      sample: ['gpu=true:NoSchedule']
    addresses:
      description: Its addresses and names.
      type: list
      elements: str
      sample: [192.0.2.11, gpu-worker]
    capacity:
      description: How much of O(resource) it has registered; V(none) when it never did.
      type: str
      sample: '1'
    allocatable:
      description: How much of O(resource) pods can get.
      type: int
      sample: 1
    version:
      description: Version of its kubelet.
      type: str
      sample: v1.34.2+k3s1
workloads:
  description: The workloads that were asked for, in their order.
  type: list
  elements: dict
  returned: success
  contains:
    kind:
      description: Kind of the object.
      type: str
      sample: Deployment
    namespace:
      description: Its namespace.
      type: str
      sample: ml
    name:
      description: Its name.
      type: str
      sample: vllm-qwen3-8b-awq
    exists:
      description: Whether the cluster has it.
      type: bool
      sample: true
    wanted:
      description: How many pods it asks for.
      type: int
      sample: 1
    summary:
      description: How far it is, in words.
      type: str
      sample: 1 of 1 pods are available
    image:
      description: Image of its first container.
      type: str
      sample: vllm/vllm-openai:v0.8.5.post1
    variables:
      description: The O(variables) of its first container that are set to a value.
      type: dict
      sample: {DEFAULT_MODELS: Qwen/Qwen3-8B-AWQ}
    foreign_fields:
      description: Fields that somebody else added, each with C(manager) and C(field).
      type: list
      elements: dict
      sample: [{field: spec.paused, manager: kubectl-edit}]
    complaints:
      description: Why its controller cannot make pods.
      type: list
      elements: str
      sample: []
    labels:
      description: Labels of its pods.
      type: dict
      sample: {app.kubernetes.io/name: vllm}
    pods:
      description: Its pods that are not on their way out.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the pod.
          type: str
          sample: vllm-qwen3-8b-awq-7d4b9c6f5-x2x7k
        node:
          description: The node that runs it, or empty.
          type: str
          sample: gpu-worker
        ip:
          description: Its address, or empty.
          type: str
          sample: 10.42.1.7
        phase:
          description: Phase of its life.
          type: str
          sample: Running
        ready:
          description: Whether it serves.
          type: bool
          sample: true
        restarts:
          description: How often its containers were started again.
          type: int
          sample: 0
        running_since:
          description: When the process of its first container started; empty when none runs.
          type: str
          sample: '2026-01-31T12:00:00Z'
        labels:
          description: Its labels.
          type: dict
          sample: {app.kubernetes.io/name: vllm}
        troubles:
          description: Why it does not serve.
          type: list
          elements: dict
          contains:
            reason:
              description: Kubernetes' word for it.
              type: str
              sample: ImagePullBackOff
            message:
              description: More about it.
              type: str
              sample: Back-off pulling image
            container:
              description: The container, or empty.
              type: str
              sample: vllm
        events:
          description: The newest warnings about it.
          type: list
          elements: str
          sample: ['FailedScheduling: 0/2 nodes are available']
        cause:
          description: What its log shows, where the cause is known; else V(none).
          type: dict
          contains:
            cause:
              description: Short name of the cause.
              type: str
              sample: out_of_memory
            told:
              description: The cause in words.
              type: str
              sample: The GPU has too little free memory.
            fix:
              description: What to do about it.
              type: str
              sample: Lower gpu_memory_utilization or max_model_len.
            line:
              description: The line of the log.
              type: str
              sample: 'torch.OutOfMemoryError: CUDA out of memory'
        log:
          description: The last lines of its log.
          type: list
          elements: str
          sample: ['INFO: Application startup complete.']
config_maps:
  description: Data of the ConfigMaps asked for; those that do not exist are left out.
  type: dict
  returned: success
  sample: {inference-mode: {mode: ml}}
network_policies:
  description: Policies of the namespace.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the policy.
      type: str
      sample: vllm
    spec:
      description: The policy.
      type: dict
      sample: {podSelector: {}, policyTypes: [Ingress]}
services:
  description: How many ready pods each Service of the namespace has.
  type: dict
  returned: success
  sample: {vllm-api: 1, litellm: 1}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.absent_cluster import ANSWER_OPTIONS, answer_of
from ..module_utils.cluster.kubeconfig import harmless_values
from ..module_utils.cluster.objects import Identity
from ..module_utils.cluster.site_state import SiteState, Wanted
from ..module_utils.connection import require_given
from ..module_utils.errors import InvalidInput, fail

ARGUMENTS: dict[str, dict[str, Any]] = {
    **ANSWER_OPTIONS,
    "workloads": {"type": "list", "elements": "str", "default": []},
    "variables": {"type": "list", "elements": "str", "default": []},
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
    require_given(module, "kubeconfig")
    params = module.params
    module.no_log_values.difference_update(harmless_values(params["kubeconfig"]))
    try:
        workloads = [Identity.parse(f"apps/v1 {words}") for words in params["workloads"]]
    except InvalidInput as error:
        fail(module, error)
    wanted = Wanted(
        params["namespace"], workloads, params["config_maps"], params["resource"], params["variables"]
    )
    found = answer_of(params, NOTHING, lambda api: SiteState(api, wanted).read())
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
