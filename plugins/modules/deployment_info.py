#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""What Deployments of a namespace run, for a comparison with what they should run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_info
short_description: Read what Deployments run and how long their pods took to start
version_added: 0.1.0
description:
  - Reads Deployments of one namespace, by name or by owner, with their pods, over one connection.
  - Values of variables and flags that look like secrets are replaced by digests, so that they can be compared
    but not read.
  - Changes nothing.
author:
  - The inference.stack authors (@inference-stack)
options:
  names:
    description: Deployments to read, with or without labels of this collection.
    type: list
    elements: str
    default: []
  owner:
    description: Deployments with this owner are read too, as in the label C(inference.stack/owner).
    type: str
  inventories:
    description: >-
      The owners of a site with the namespace that each has. What they applied, here and elsewhere, is read
      from the inventories that C(inference.stack.cluster_objects) keeps.
    type: dict
    default: {}
extends_documentation_fragment:
  - inference.stack.cluster
  - inference.stack.cluster.answers
  - inference.stack.read_only
"""

EXAMPLES = r"""
- name: Read what the engines run
  inference.stack.deployment_info:
    kubeconfig: "{{ kubeconfig }}"
    namespace: ml
    owner: vllm
  register: live

- name: Name those that are on
  ansible.builtin.debug:
    msg: "{{ live.deployments | selectattr('replicas') | map(attribute='name') }}"
  when: live.answers
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
deployments:
  description: The Deployments that exist, in the order of their names.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the Deployment.
      type: str
      sample: vllm-qwen3-8b-awq
    owned:
      description: Whether its labels say that O(owner) made it.
      type: bool
      sample: true
    replicas:
      description: C(spec.replicas).
      type: int
      sample: 1
    replicas_managers:
      description: Field managers that own C(spec.replicas).
      type: list
      elements: str
      sample: [inference-mode]
    template:
      description: The pod template, secrets replaced by digests.
      type: dict
      sample: {spec: {containers: [{name: vllm, image: 'vllm/vllm-openai:v0.8.5.post1'}]}}
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
        ready:
          description: Whether it serves.
          type: bool
          sample: true
        start_seconds:
          description: Seconds from the last start of its container until it served; V(none) when unknown.
          type: float
          sample: 84.0
foreign_fields:
  description: Fields that somebody else added to this collection's Deployments of the namespace.
  type: list
  elements: dict
  returned: success
  contains:
    object:
      description: The Deployment in words.
      type: str
      sample: Deployment litellm
    field:
      description: The field.
      type: str
      sample: spec.template.spec.containers[litellm].env[DEBUG]
    manager:
      description: The field manager that owns it.
      type: str
      sample: kubectl-edit
inventories:
  description: What the owners of O(inventories) applied to their namespaces.
  type: list
  elements: dict
  returned: success
  contains:
    owner:
      description: The owner.
      type: str
      sample: ollama
    namespace:
      description: Its namespace.
      type: str
      sample: ml
    objects:
      description: The objects in words.
      type: list
      elements: str
      sample: [apps/v1 Deployment ml/ollama]
    folders:
      description: Folders of their nodes that its Deployments in O(namespace) use.
      type: list
      elements: str
      sample: [/var/lib/ollama]
elsewhere:
  description: What they have in other namespaces, as M(inference.stack.cluster_objects_info) returns it.
  type: list
  elements: dict
  returned: success
  sample: [{namespace: old, owners: [litellm], removal: kubectl delete namespace old}]
config_maps:
  description: Data of the ConfigMaps asked for; those that do not exist are left out.
  type: dict
  returned: success
  sample: {inference-mode: {mode: ml}}
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.absent_cluster import ANSWER_OPTIONS, answer_of
from ..module_utils.cluster.api import Api
from ..module_utils.cluster.config_maps import read_config_maps
from ..module_utils.cluster.foreign_fields import foreign_fields
from ..module_utils.cluster.inventories import elsewhere, read_inventories
from ..module_utils.cluster.kubeconfig import harmless_values
from ..module_utils.cluster.objects import MANAGED_BY, MANAGED_BY_LABEL, is_owned, replicas_managers
from ..module_utils.cluster.redaction import hide_secrets
from ..module_utils.cluster.rollouts import selector
from ..module_utils.cluster.start_times import is_ready, start_seconds
from ..module_utils.connection import require_given

ARGUMENTS: dict[str, dict[str, Any]] = {
    **ANSWER_OPTIONS,
    "names": {"type": "list", "elements": "str", "default": []},
    "owner": {"type": "str"},
    "inventories": {"type": "dict", "default": {}},
}
NOTHING: dict[str, Any] = {
    "deployments": [],
    "foreign_fields": [],
    "inventories": [],
    "elsewhere": [],
    "config_maps": {},
}


def read(api: Api, params: Mapping[str, Any]) -> dict[str, Any]:
    listed = api.get(f"/apis/apps/v1/namespaces/{quote(params['namespace'])}/deployments") or {}
    found = listed.get("items") or []
    return {
        "deployments": wanted_deployments(api, params, found),
        "foreign_fields": [
            {"object": f"Deployment {one['metadata']['name']}", **row}
            for one in found
            if (one["metadata"].get("labels") or {}).get(MANAGED_BY_LABEL) == MANAGED_BY
            for row in foreign_fields(one)
        ],
        **read_applied(api, params["inventories"], found),
        "config_maps": read_config_maps(api, params["namespace"], params["config_maps"]),
    }


def read_applied(
    api: Api, placed: Mapping[str, str], deployments: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What owners applied to the namespaces where they belong, and to others."""
    listed = read_inventories(api) if placed else []
    return {
        "inventories": [
            {
                "owner": one.owner,
                "namespace": one.namespace,
                "objects": [str(identity) for identity in one.objects],
                "folders": host_folders(deployments, one.owner),
            }
            for one in listed
            if placed.get(one.owner) == one.namespace
        ],
        "elsewhere": elsewhere(api, placed, listed),
    }


def host_folders(deployments: Sequence[Mapping[str, Any]], owner: str) -> list[str]:
    """What an owner's pods keep on their nodes."""
    volumes = [
        volume
        for found in deployments
        if is_owned(found, owner)
        for volume in found["spec"]["template"]["spec"].get("volumes") or []
    ]
    return sorted({volume["hostPath"]["path"] for volume in volumes if volume.get("hostPath")})


def wanted_deployments(
    api: Api, params: Mapping[str, Any], deployments: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The Deployments that were asked for and exist."""
    wanted = []
    for found in deployments:
        owned = bool(params["owner"]) and is_owned(found, params["owner"])
        if owned or found["metadata"]["name"] in params["names"]:
            wanted.append(describe(api, params["namespace"], found, owned))
    return sorted(wanted, key=lambda row: str(row["name"]))


def describe(api: Api, namespace: str, found: Mapping[str, Any], owned: bool) -> dict[str, Any]:
    spec = found["spec"]
    replicas = spec.get("replicas", 1)
    return {
        "name": found["metadata"]["name"],
        "owned": owned,
        "replicas": replicas,
        "replicas_managers": replicas_managers(found),
        "template": hide_secrets(spec["template"]),
        "pods": read_pods(api, namespace, found) if replicas else [],
    }


def read_pods(api: Api, namespace: str, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    answer = api.get(f"/api/v1/namespaces/{quote(namespace)}/pods", {"labelSelector": selector(found)}) or {}
    container = found["spec"]["template"]["spec"]["containers"][0]["name"]
    return [
        {
            "name": pod["metadata"]["name"],
            "node": (pod.get("spec") or {}).get("nodeName") or "",
            "ready": is_ready(pod),
            "start_seconds": start_seconds(pod, container),
        }
        for pod in answer.get("items") or []
        if not pod["metadata"].get("deletionTimestamp")
    ]


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    require_given(module, "kubeconfig")
    params = module.params
    module.no_log_values.difference_update(harmless_values(params["kubeconfig"]))
    module.exit_json(changed=False, **answer_of(params, NOTHING, lambda api: read(api, params)))


if __name__ == "__main__":
    main()
