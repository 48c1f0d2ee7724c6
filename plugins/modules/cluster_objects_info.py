#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""What a cluster already has of a list of objects, and what is left over from earlier lists."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_objects_info
short_description: Compare a list of Kubernetes objects with what a cluster has
version_added: 0.1.0
description:
  - Reads, in one connection, everything that a role has to know before it applies a list of objects.
  - Says which objects exist, which cannot be applied yet because their namespace or API is missing, who owns
    C(spec.replicas), and which objects of the same owner were applied earlier but are no longer in the list.
  - Changes nothing.
author:
  - The inference.stack authors
options:
  definitions:
    description: The objects. Only C(apiVersion), C(kind) and C(metadata.name)/C(metadata.namespace) are used.
    type: list
    elements: dict
    required: true
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
"""

RETURN = r"""
namespace_exists:
  description: Whether the namespace exists.
  type: bool
  returned: success
objects:
  description: One row per object, in the order of the definitions.
  type: list
  elements: dict
  returned: success
  contains:
    object:
      description: The object in words, such as C(apps/v1 Deployment ml/litellm).
      type: str
    exists:
      description: Whether the cluster has it.
      type: bool
    applicable:
      description: Whether it could be applied now. False where its namespace or its API is missing.
      type: bool
    obstacle:
      description: What is missing, C(namespace) or C(api), or empty.
      type: str
    replicas:
      description: C(spec.replicas) of the live object, if it has any.
      type: int
    replicas_managers:
      description: Field managers that own C(spec.replicas).
      type: list
      elements: str
stale:
  description: Objects with this owner's labels that it applied earlier and that are gone from the list.
  type: list
  elements: dict
  returned: success
config_maps:
  description: Data of the ConfigMaps asked for; those that do not exist are left out.
  type: dict
  returned: success
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.inference.stack.plugins.module_utils.cluster.api import Api
from ansible_collections.inference.stack.plugins.module_utils.cluster.kubeconfig import harmless_values
from ansible_collections.inference.stack.plugins.module_utils.cluster.objects import (
    Identity,
    is_owned,
    memory_name,
    recall,
    replicas_managers,
)
from ansible_collections.inference.stack.plugins.module_utils.cluster.options import CLUSTER_OPTIONS
from ansible_collections.inference.stack.plugins.module_utils.errors import StackError, fail


def describe(api: Api, identity: Identity, namespaces: dict[str, bool]) -> dict[str, Any]:
    """One row about one wanted object."""
    resource = api.resource(identity.api_version, identity.kind)
    row: dict[str, Any] = {"object": str(identity), "exists": False, "applicable": True, "obstacle": ""}
    if resource is None:
        return {**row, "applicable": False, "obstacle": "api"}
    if resource.namespaced and not has_namespace(api, identity.namespace, namespaces):
        return {**row, "applicable": False, "obstacle": "namespace"}
    found = api.read(*identity)
    if found is None:
        return row
    row["exists"] = True
    if "replicas" in (found.get("spec") or {}):
        row["replicas"] = found["spec"]["replicas"]
        row["replicas_managers"] = replicas_managers(found)
    return row


def has_namespace(api: Api, name: str, known: dict[str, bool]) -> bool:
    if name not in known:
        known[name] = api.read("v1", "Namespace", "", name) is not None
    return known[name]


def observe(api: Api, params: dict[str, Any]) -> dict[str, Any]:
    """Everything at once; the connection is kept."""
    owner, namespace = params["owner"], params["namespace"]
    namespaces: dict[str, bool] = {}
    wanted = [Identity.of(definition) for definition in params["definitions"]]
    rows = [describe(api, identity, namespaces) for identity in wanted]
    stale = []
    config_maps = {}
    if has_namespace(api, namespace, namespaces):
        for identity in recall(api.read("v1", "ConfigMap", namespace, memory_name(owner))):
            found = None if identity in wanted else api.read(*identity)
            if found is not None and is_owned(found, owner):
                stale.append(identity.reference())
        for name in params["config_maps"]:
            found = api.read("v1", "ConfigMap", namespace, name)
            if found is not None:
                config_maps[name] = found.get("data") or {}
    return {
        "namespace_exists": namespaces[namespace],
        "objects": rows,
        "stale": stale,
        "config_maps": config_maps,
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_OPTIONS,
            "definitions": {"type": "list", "elements": "dict", "required": True},
            "owner": {"type": "str", "required": True},
            "namespace": {"type": "str", "required": True},
            "config_maps": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    module.no_log_values.difference_update(harmless_values(module.params["kubeconfig"]))
    try:
        api = Api.from_kubeconfig(module.params["kubeconfig"], module.params["context"])
        result = observe(api, module.params)
    except StackError as error:
        fail(module, error)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
