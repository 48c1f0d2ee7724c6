#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Tells whether a node is ready, and what its labels and taints lack."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_node_info
short_description: Report whether a node of a k3s cluster is ready and what its labels and taints lack
version_added: 0.1.0
description:
  - Asks the API server with the kubectl that the k3s binary contains.
  - An API server that does not answer, or that knows no such node, is a normal answer, not a failure.
author:
  - The inference.stack authors (@inference-stack)
options:
  binary:
    description: Path of the k3s binary.
    type: path
    default: /usr/local/bin/k3s
  kubeconfig:
    description: As whom to ask.
    type: path
    default: /etc/rancher/k3s/k3s.yaml
  name:
    description: Name of the node in the cluster.
    type: str
    required: true
  labels:
    description: Labels that it should have, values as strings.
    type: dict
    default: {}
  taints:
    description: Taints that it should have, as C(key=value:Effect).
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - inference.stack.host
  - inference.stack.read_only
seealso:
  - module: inference.stack.k3s_info
"""

EXAMPLES = r"""
- name: Wait until the node is ready
  inference.stack.k3s_node_info:
    name: gpu
    labels: {nvidia.com/gpu: "true"}
  register: node
  until: node.ready
  retries: 20
  delay: 3

- name: Say what its labels lack
  ansible.builtin.debug:
    var: node.changes.labels
"""

RETURN = r"""
answers:
  description: Whether the API server knows the node.
  returned: success
  type: bool
  sample: true
ready:
  description: Whether its condition Ready is true.
  returned: success
  type: bool
  sample: true
told:
  description: Its conditions, or why they are not known.
  returned: success
  type: list
  elements: str
  sample: ["Ready=True: kubelet is posting ready status"]
changes:
  description: Arguments for kubectl that set the wanted labels and taints.
  returned: success
  type: dict
  contains:
    labels:
      description: Words for C(kubectl label). C(key=value) sets one, C(key-) removes one that came from here.
      type: list
      elements: str
      sample: [nvidia.com/gpu=true]
    taints:
      description: Words for C(kubectl taint). C(key=value:Effect) sets one, C(key:Effect-) removes one.
      type: list
      elements: str
      sample: ["gpu=true:NoSchedule"]
    annotation:
      description: The word for C(kubectl annotate), which records what was set; empty where it is right.
      type: str
      sample: ''
    beyond_kubelet:
      description: Those of the labels and taints that only an administrator may change.
      type: list
      elements: str
      sample: ["gpu=true:NoSchedule"]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.hosts.k3s.node import NODE_OPTIONS, Wanted, look

ARGUMENTS: dict[str, dict[str, Any]] = {
    "binary": {"type": "path", "default": "/usr/local/bin/k3s"},
    "kubeconfig": {"type": "path", "default": "/etc/rancher/k3s/k3s.yaml"},
    **NODE_OPTIONS,
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    given = module.params
    wanted = Wanted(**{name: given[name] for name in Wanted._fields})
    module.exit_json(changed=False, **look(given["binary"], given["kubeconfig"], wanted))


if __name__ == "__main__":
    main()
