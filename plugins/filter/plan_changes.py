# SPDX-License-Identifier: Apache-2.0
"""The filter plan_changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.reporting.changes import plan_changes

DOCUMENTATION = r"""
name: plan_changes
short_description: Compare a plan with what runs and with the content of the model caches
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Says per model whether its engine is created, restarts, is switched on, is evicted, is removed or stays,
    which fields change from what to what, for how long it does not answer, and who answers meanwhile.
  - Says per host what its model cache still lacks, and what the download leaves of the disk.
positional: definitions, live, hosts
options:
  _input:
    description: The plan of M(inference.stack.plan).
    type: dict
    required: true
  definitions:
    description: The objects that role C(vllm) would apply, as its C(tasks/render.yml) builds them.
    type: list
    elements: dict
    required: true
  live:
    description:
      - The result of M(inference.stack.deployment_info).
      - Where nothing was asked, C(answers) is false, C(reason) says why, and C(absent) says whether it is
        certain that there is no cluster yet.
    type: dict
    required: true
  hosts:
    description:
      - The GPU hosts, each with C(name) and, where its model cache was read, C(cache).
      - C(cache) holds C(missing) (entries of C(model_cache_repositories)), C(path), C(free_bytes),
        C(needed_bytes) and C(reserve_bytes), and perhaps C(images) that are still to come onto the same file
        system, and what is C(unneeded).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
comparison: "{{ inference_plan | inference.stack.plan_changes(objects, live, hosts) }}"
"""

RETURN = r"""
_value:
  description: The comparison.
  type: dict
  contains:
    cluster:
      description: C(state) is V(answers), V(absent) or V(unknown), with C(server) and C(reason).
      type: dict
      sample: {state: answers, server: 'https://192.0.2.10:6443', reason: ''}
    mode:
      description: The mode that is recorded in the cluster (C(live)) and the planned one.
      type: dict
      sample: {live: ml, planned: ml}
    models:
      description:
        - One row per planned model and per engine that leaves the site.
        - C(status) is V(created), V(restarts), V(scaled_up), V(scaled_down), V(removed), V(updated),
          V(unchanged) or V(unknown).
      type: list
      elements: dict
      contains:
        model:
          description: Name of the model.
          type: str
          sample: qwen3-8b-awq
        served_name:
          description: Its name at the gateway.
          type: str
          sample: Qwen/Qwen3-8B-AWQ
        deployment:
          description: Name of its Deployment.
          type: str
          sample: vllm-qwen3-8b-awq
        mode:
          description: Its mode.
          type: str
          sample: ml
        status:
          description: What happens to its engine.
          type: str
          sample: restarts
        replicas:
          description: C(live) and C(planned) replicas.
          type: dict
          sample: {live: 1, planned: 1}
        serving:
          description: Pods that serve now.
          type: int
          sample: 1
        changes:
          description: What changes in its pods, each with C(field), C(name), C(old) and C(new).
          type: list
          elements: dict
          sample: [{field: argument, name: --max-model-len, old: '4096', new: '8192'}]
        pulls_image:
          description: Whether the image may have to be pulled first.
          type: bool
          sample: false
        away:
          description:
            - For how long it cannot answer; V(none) when nothing interrupts it.
            - C(seconds_at_most) is V(none) when it stays away C(until) something else happens.
          type: dict
          sample: {seconds_at_most: 120, until: ''}
        meanwhile:
          description: Who answers in its place, each with C(model) and C(tier).
          type: list
          elements: dict
          sample: [{model: 'qwen3:4b', tier: cpu}]
        download_bytes:
          description: What a host has to fetch of the model at most; V(none) when its size is unknown.
          type: int
          sample: 0
    parts:
      description:
        - Parts that were applied and that the inventory no longer asks for, each with C(part), C(tier),
          C(namespace), C(objects) and C(folders) of its nodes that stay.
        - C(status) is V(removed) for what a run removes, and V(stays) for the chat, which only its own
          playbook removes.
      type: list
      elements: dict
      sample: [{part: ollama, tier: cpu, status: removed, namespace: ml, folders: [/var/lib/ollama]}]
    elsewhere:
      description:
        - What the owners of the site have in other namespaces, as M(inference.stack.cluster_objects_info)
          returns it. No run removes it.
        - C(blocked) lists the inputs that want a node port which is in use there; a run would stop.
      type: list
      elements: dict
      sample: [{namespace: old, owners: [litellm], node_ports: [30400], blocked: [litellm_node_port]}]
    foreign_fields:
      description: Fields that somebody else added to the Deployments of the site by hand, in words.
      type: list
      elements: str
      sample: ["Deployment litellm: spec.template.spec.containers[litellm].env[DEBUG] (by kubectl-edit)"]
    downloads:
      description: One row per host.
      type: list
      elements: dict
      contains:
        host:
          description: Name of the host.
          type: str
          sample: gpu-worker
        known:
          description: Whether the host answered. Otherwise everything may be missing.
          type: bool
          sample: true
        missing:
          description: What its model cache lacks, each with C(repository), C(revision) and C(bytes).
          type: list
          elements: dict
          sample: [{repository: Qwen/Qwen3-8B-AWQ, revision: '', bytes: 6098853561}]
        bytes:
          description: Their sum, as far as sizes are known.
          type: int
          sample: 6098853561
        complete:
          description: Whether all sizes are known.
          type: bool
          sample: true
        path:
          description: A folder of the file system that holds the cache.
          type: str
          sample: /var/lib
        free_bytes:
          description: What is free there now.
          type: int
          sample: 214748364800
        left_bytes:
          description: What is free when everything is there, the images included.
          type: int
          sample: 208649511239
        images:
          description: Images still to come onto the same file system, each with C(image) and C(bytes).
          type: list
          elements: dict
          sample: [{image: 'vllm/vllm-openai:v0.8.5.post1', bytes: 25000000000}]
        unneeded_bytes:
          description: What lies in its cache and no model needs; C(playbooks/prune_models.yml) removes it.
          type: int
          sample: 0
        reserve_bytes:
          description: What has to stay free.
          type: int
          sample: 10737418240
        needed_bytes:
          description: What has to be free now, the reserve and archives while they are unpacked included.
          type: int
          sample: 16836271801
        enough:
          description: Whether that much is free.
          type: bool
          sample: true
    summary:
      description: How many models have each status.
      type: dict
      sample: {restarts: 1, unchanged: 2}
"""


class FilterModule:
    """Offers plan_changes."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"plan_changes": as_filter(plan_changes)}
