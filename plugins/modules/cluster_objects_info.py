#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""What a cluster already has of a list of objects, what applying them would change, and what is left over."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_objects_info
short_description: Compare Kubernetes objects of several owners with what a cluster has
version_added: 0.1.0
description:
  - Reads, over one connection, everything that a run needs to know before it applies objects.
  - Has the API server try a server-side apply of each object that exists (a dry run), so that a caller needs
    to apply only what differs, and nothing where nothing does.
  - Says which objects cannot be applied yet because their namespace or API is missing, who owns
    C(spec.replicas), which fields somebody else added, which workloads have not rolled out, whose pods run
    with an outdated ConfigMap or Secret, and which objects of the same owner were applied earlier but left
    the list.
  - Says which node ports a new or changed Service wants that belong to another Service, and what the same
    owners have in other namespaces.
  - Changes nothing.
author:
  - The inference.stack authors (@inference-stack)
options:
  sets:
    description: What each owner wants. The filter P(inference.stack.object_sets#filter) makes this form.
    type: list
    elements: dict
    required: true
    suboptions:
      owner:
        description: The owner of the objects, as in the label C(inference.stack/owner).
        type: str
        required: true
      namespace:
        description: The namespace whose ConfigMap C(inference-stack-OWNER) is the owner's inventory.
        type: str
        required: true
      definitions:
        description: The objects.
        type: list
        elements: dict
        default: []
      secrets:
        description: Objects of kind Secret. Their content is never returned.
        type: list
        elements: dict
        default: []
      existing_secrets:
        description: >-
          Secrets that somebody else makes, as mappings with C(name), the C(keys) that must be there, and
          C(reloaded), which says whether their readers notice a change without a restart.
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
      config_maps:
        description: ConfigMaps of the namespace whose data is returned.
        type: list
        elements: str
        default: []
      node_resource:
        description: What the owner's workloads make nodes offer, if the caller wants to know which nodes do.
        type: dict
        suboptions:
          resource:
            description: The resource.
            type: str
            required: true
          node_selector:
            description: Labels of the nodes.
            type: dict
            default: {}
      node_port_input:
        description: >-
          The input that sets the node port of the owner's Service, for whoever is told that it is taken.
        type: str
extends_documentation_fragment:
  - inference.stack.cluster
  - inference.stack.read_only
"""

EXAMPLES = r"""
- name: Read what the cluster has
  inference.stack.cluster_objects_info:
    kubeconfig: "{{ kubeconfig }}"
    sets:
      - owner: vllm
        namespace: ml
        definitions: "{{ objects }}"
  register: observed

- name: Say what an apply would change
  ansible.builtin.debug:
    msg: "{{ observed.owners.vllm.pending | items2dict(key_name='object', value_name='verdict') }}"
"""

RETURN = r"""
owners:
  description: What was found, by owner.
  type: dict
  returned: success
  contains:
    namespace_exists:
      description: Whether the namespace exists.
      type: bool
      sample: true
    objects:
      description: One row per object. Secrets first, then the foundation, the inventory, the definitions.
      type: list
      elements: dict
      contains:
        object:
          description: The object in words.
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
          sample: ""
        verdict:
          description:
            - What an apply would do. V(created), V(changed), V(unchanged), V(adopted) for a change of nothing
              but the owners of fields, V(untried) where the server takes no dry run.
          type: str
          sample: changed
        replicas:
          description: C(spec.replicas) of the live object, if it has any.
          type: int
          sample: 1
        replicas_managers:
          description: Field managers that own C(spec.replicas).
          type: list
          elements: str
          sample: [inference-mode]
        foreign_fields:
          description: Fields that somebody else added, each with C(manager) and C(field).
          type: list
          elements: dict
          sample: [{field: spec.paused, manager: kubectl-edit}]
    pending:
      description:
        - Objects to apply, in this order; empty when the cluster is as wanted. Secrets are not among them.
      type: list
      elements: dict
      contains:
        object:
          description: The object in words.
          type: str
          sample: apps/v1 Deployment ml/litellm
        verdict:
          description: As in RV(owners.objects[].verdict).
          type: str
          sample: changed
        definition:
          description: What to apply.
          type: dict
          sample: {apiVersion: v1, kind: Service, metadata: {name: litellm, namespace: ml}}
    pending_secrets:
      description: Indexes, counted from 0, of the owner's secrets to apply.
      type: list
      elements: int
      sample: [0]
    missing_secrets:
      description: Existing secrets that are not there, or lack C(keys).
      type: list
      elements: dict
      sample: [{exists: false, keys: [token], name: hub}]
    restarts:
      description:
        - Workloads whose pods read a ConfigMap or Secret at their start that an apply changes, or that
          somebody changed after the start; each with C(object), C(reference) and C(because). Objects with the
          annotation C(inference.stack/reloaded) do not count.
      type: list
      elements: dict
      sample: [{because: ConfigMap litellm changes, object: apps/v1 Deployment ml/litellm}]
    unfinished:
      description: Workloads among the objects that have not rolled out, and how far each is.
      type: dict
      sample:
        Deployment ml/litellm: 0 of 1 pods are available
    stale:
      description: >-
        Objects with this owner's labels that it applied earlier and that are no longer in the list.
      type: list
      elements: dict
      sample: [{apiVersion: v1, kind: Service, metadata: {name: old, namespace: ml}}]
    inventory:
      description: The inventory without the stale objects. To be applied when those are removed.
      type: dict
      sample: {apiVersion: v1, kind: ConfigMap, metadata: {name: inference-stack-vllm, namespace: ml}}
    node_resource:
      description: Nodes that offer the resource (C(offering), amounts), and why others do not (C(lacking)).
      type: dict
      sample: {offering: {gpu: 1}, lacking: {}}
    config_maps:
      description: Data of the ConfigMaps asked for; those that do not exist are left out.
      type: dict
      sample: {inference-mode: {mode: ml}}
taken_node_ports:
  description:
    - Node ports that Services of the sets want and other Services have. The Services of the cluster are read
      only if one of the sets does not exist, or changes its node port.
  type: list
  elements: dict
  returned: success
  contains:
    owner:
      description: The owner that wants it.
      type: str
      sample: litellm
    object:
      description: The Service that wants it.
      type: str
      sample: v1 Service ml2/litellm
    node_port:
      description: The port.
      type: int
      sample: 30400
    variable:
      description: The set's C(node_port_input), or empty.
      type: str
      sample: litellm_node_port
    holder:
      description: The Service that has it when the other one is applied.
      type: str
      sample: v1 Service ml/litellm
    leaves:
      description: Whether that Service is stale, so that the port is free once it is removed.
      type: bool
      sample: false
elsewhere:
  description:
    - Other namespaces that hold what the owners of the sets applied, according to their inventories there.
    - A namespace to which no set belongs is described with all its owners.
  type: list
  elements: dict
  returned: success
  contains:
    namespace:
      description: The namespace.
      type: str
      sample: ml
    owners:
      description: Who applied something there.
      type: list
      elements: str
      sample: [litellm, vllm]
    objects:
      description: What they list.
      type: list
      elements: str
      sample: [apps/v1 Deployment ml/litellm]
    with_gpus:
      description: Deployments among them that are switched on and hold GPUs.
      type: list
      elements: str
      sample: [vllm-qwen3-8b-awq]
    node_ports:
      description: Node ports of their Services.
      type: list
      elements: int
      sample: [30400]
    claims:
      description: PersistentVolumeClaims among them, whose data the removal deletes.
      type: list
      elements: str
      sample: [open-webui-data]
    removal:
      description: The command that removes it.
      type: str
      sample: kubectl delete namespace ml
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.api import Api
from ..module_utils.cluster.cluster_options import CLUSTER_OPTIONS
from ..module_utils.cluster.kubeconfig import harmless_values
from ..module_utils.cluster.objects import names_of_secrets
from ..module_utils.cluster.observation import Wanted, observe
from ..module_utils.connection import require_given
from ..module_utils.errors import StackError, fail
from ..module_utils.module_call import ModuleCall

SETS: dict[str, dict[str, Any]] = {
    "owner": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "definitions": {"type": "list", "elements": "dict", "default": []},
    "secrets": {"type": "list", "elements": "dict", "default": [], "no_log": True},
    "existing_secrets": {"type": "list", "elements": "dict", "default": [], "no_log": False},
    "foundation": {"type": "list", "elements": "dict", "default": []},
    "share_replicas": {"type": "bool", "default": False},
    "config_maps": {"type": "list", "elements": "str", "default": []},
    "node_resource": {
        "type": "dict",
        "options": {
            "resource": {"type": "str", "required": True},
            "node_selector": {"type": "dict", "default": {}},
        },
    },
    "node_port_input": {"type": "str"},
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    **CLUSTER_OPTIONS,
    "sets": {"type": "list", "elements": "dict", "required": True, "options": SETS},
}


def run(module: ModuleCall) -> None:
    """Answer one call."""
    require_given(module, "kubeconfig")
    params = module.params
    shown = harmless_values(params["kubeconfig"])
    for one in params["sets"]:
        shown |= names_of_secrets(one["secrets"])
    module.no_log_values.difference_update(shown)
    wanted = [Wanted(**{name: one[name] for name in Wanted._fields}) for one in params["sets"]]
    try:
        found = observe(Api.from_kubeconfig(params["kubeconfig"], params["context"]), wanted)
    except StackError as error:
        fail(module, error)
    module.exit_json(changed=False, **found)


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
