#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""What a cluster already has of a list of objects, what applying them would change, and what is left over."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_objects_info
short_description: Compare a list of Kubernetes objects with what a cluster has
version_added: 0.1.0
description:
  - Reads, over one connection, everything that a role has to know before it applies a list of objects.
  - Has the API server try a server-side apply of each object that exists (a dry run), so that a caller needs
    to apply only what differs, and nothing where nothing does.
  - Says which objects cannot be applied yet because their namespace or API is missing, who owns
    C(spec.replicas), which workloads have not rolled out, and which objects of the same owner were applied
    earlier but left the list.
  - Changes nothing.
author:
  - The inference.stack authors (@inference-stack)
options:
  definitions:
    description: The objects.
    type: list
    elements: dict
    required: true
  secrets:
    description: Objects of kind Secret. Their content is never returned.
    type: list
    elements: dict
    default: []
  foundation:
    description: Objects that are applied first and never left over, such as the namespace.
    type: list
    elements: dict
    default: []
  share_replicas:
    description: Leave C(spec.replicas) out of what would be applied once somebody else has set it.
    type: bool
    default: false
  owner:
    description: The owner of the objects, as in the label C(inference.stack/owner).
    type: str
    required: true
  namespace:
    description: The namespace whose ConfigMap C(inference-stack-OWNER) remembers what was applied.
    type: str
    required: true
  config_maps:
    description: ConfigMaps of O(namespace) whose data the caller wants to know.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - inference.stack.cluster
  - inference.stack.read_only
"""

EXAMPLES = r"""
- name: Read what the cluster has
  inference.stack.cluster_objects_info:
    kubeconfig: "{{ kubeconfig }}"
    owner: vllm
    namespace: ml
    definitions: "{{ objects }}"
  register: observed

- name: Say what an apply would change
  ansible.builtin.debug:
    msg: "{{ observed.pending | items2dict(key_name='object', value_name='verdict') }}"
"""

RETURN = r"""
namespace_exists:
  description: Whether the namespace exists.
  type: bool
  returned: success
  sample: true
objects:
  description:
    - One row per object. Secrets first, then O(foundation), the ConfigMap that remembers, O(definitions).
  type: list
  elements: dict
  returned: success
  contains:
    object:
      description: The object in words, such as C(apps/v1 Deployment ml/litellm).
      type: str
      sample: apps/v1 Deployment ml/litellm
    exists:
      description: Whether the cluster has it.
      type: bool
      sample: true
    applicable:
      description: Whether it could be applied now. False where its namespace or its API is missing.
      type: bool
      sample: true
    obstacle:
      description: What is missing, C(namespace) or C(api), or empty.
      type: str
      sample: ''
    verdict:
      description:
        - What an apply would do. V(created), V(changed), V(unchanged), V(adopted) for a change of nothing
          but the owners of fields, V(untried) where the server takes no dry run.
      type: str
      sample: unchanged
    replicas:
      description: C(spec.replicas) of the live object, if it has any.
      type: int
      sample: 1
    replicas_managers:
      description: Field managers that own C(spec.replicas).
      type: list
      elements: str
      sample: [inference-mode]
pending:
  description:
    - Objects to apply, in this order; empty when the cluster is as wanted. Secrets are not among them.
  type: list
  elements: dict
  returned: success
  contains:
    object:
      description: The object in words.
      type: str
      sample: apps/v1 Deployment ml/litellm
    verdict:
      description: As in RV(objects[].verdict).
      type: str
      sample: changed
    definition:
      description: What to apply.
      type: dict
      sample: {apiVersion: apps/v1, kind: Deployment, metadata: {name: litellm, namespace: ml}}
pending_secrets:
  description: Places, counted from 0, in O(secrets) of those to apply.
  type: list
  elements: int
  returned: success
  sample: [0]
unfinished:
  description: Workloads among the objects that have not rolled out, and how far each is.
  type: dict
  returned: success
  sample:
    Deployment ml/litellm: 0 of 1 pods are available
stale:
  description: Objects with this owner's labels that it applied earlier and that are gone from the list.
  type: list
  elements: dict
  returned: success
  sample: [{apiVersion: v1, kind: Service, metadata: {name: old, namespace: ml}}]
memory:
  description:
    - The ConfigMap that remembers the objects, without the stale ones. To be applied when those are removed.
  type: dict
  returned: success
  sample: {apiVersion: v1, kind: ConfigMap, metadata: {name: inference-stack-litellm, namespace: ml}}
config_maps:
  description: Data of the ConfigMaps asked for; those that do not exist are left out.
  type: dict
  returned: success
  sample: {inference-mode: {mode: ml}}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.api import Api
from ..module_utils.cluster.cluster_options import CLUSTER_OPTIONS
from ..module_utils.cluster.kubeconfig import harmless_values
from ..module_utils.cluster.objects import names_of_secrets
from ..module_utils.cluster.observation import Wanted, observe
from ..module_utils.errors import StackError, fail


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_OPTIONS,
            "definitions": {"type": "list", "elements": "dict", "required": True},
            "secrets": {"type": "list", "elements": "dict", "default": [], "no_log": True},
            "foundation": {"type": "list", "elements": "dict", "default": []},
            "share_replicas": {"type": "bool", "default": False},
            "owner": {"type": "str", "required": True},
            "namespace": {"type": "str", "required": True},
            "config_maps": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    params = module.params
    shown = harmless_values(params["kubeconfig"]) | names_of_secrets(params["secrets"])
    module.no_log_values.difference_update(shown)
    wanted = Wanted(**{name: params[name] for name in Wanted._fields})
    try:
        result = observe(Api.from_kubeconfig(params["kubeconfig"], params["context"]), wanted)
    except StackError as error:
        fail(module, error)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
