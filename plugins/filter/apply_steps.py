# SPDX-License-Identifier: Apache-2.0
"""The filter apply_steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.apply_steps import apply_steps

DOCUMENTATION = r"""
name: apply_steps
short_description: Work out what an apply has to do
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Puts what differs into the order of an apply, from namespaces to the restarts of pods that run with an
    outdated ConfigMap or Secret.
  - Holds back in check mode what a dry run of the server would refuse, because its namespace or API is
    missing.

positional: sets, check_mode, now
options:
  _input:
    description: The result of M(inference.stack.cluster_objects_info). Empty where there is no cluster yet.
    type: dict
    required: true
  sets:
    description: The result of P(inference.stack.object_sets#filter). Needed only where there is no cluster.
    type: list
    elements: dict
    required: true
  check_mode:
    description: Whether nothing is going to be changed.
    type: bool
    default: false
  now:
    description: The time that marks a restart.
    type: str
    default: ""
"""

EXAMPLES = r"""
steps: "{{ observed | inference.stack.apply_steps([], ansible_check_mode, '2026-01-31T12:00:00Z') }}"
"""

RETURN = r"""
_value:
  description: The steps. None of them contains the content of a Secret.
  type: dict
  contains:
    differs:
      description: Whether anything has to be done or reported.
      type: bool
      sample: true
    unknown_kinds:
      description: Objects whose API the cluster does not have.
      type: list
      elements: str
      sample: [cert-manager.io/v1 Certificate ml/tls]
    unknown_namespaces:
      description: Namespaces that are not there and that nobody makes.
      type: list
      elements: str
      sample: [n8n]
    unseen:
      description: Objects that would be created, and that a dry run cannot try.
      type: list
      elements: str
      sample: [v1 Service ml/litellm]
    missing_secrets:
      description: Sentences about Secrets that somebody else should have made.
      type: list
      elements: str
      sample: [The Secret hub of vllm does not exist.]
    taken_node_ports:
      description: Sentences about node ports that belong to another Service.
      type: list
      elements: str
      sample: [Node port 30400 of ml2/litellm belongs to Service ml/litellm.]
    stale_first:
      description: Services to remove before anything is applied, because another one gets their node port.
      type: list
      elements: dict
      sample: [{apiVersion: v1, kind: Service, metadata: {name: old, namespace: ml}}]
    secrets:
      description: Which Secrets to apply, by C(owner) and C(place) in its list.
      type: list
      elements: dict
      sample: [{owner: litellm, place: 0}]
    namespaces:
      description: Namespaces to apply with them.
      type: list
      elements: dict
      sample: [{apiVersion: v1, kind: Namespace, metadata: {name: ml}}]
    objects:
      description: Everything else to apply.
      type: list
      elements: dict
      sample: [{apiVersion: v1, kind: Service, metadata: {name: litellm, namespace: ml}}]
    changes:
      description: Whether applying the objects changes more than the owners of fields.
      type: bool
      sample: true
    untried:
      description: Whether the server took no dry run of one of them.
      type: bool
      sample: false
    awaited_jobs:
      description: Jobs to wait for before workloads that run are changed.
      type: list
      elements: dict
      sample: [{apiVersion: batch/v1, kind: Job, metadata: {name: fetch-model-qwen3-d76923ce, namespace: ml}}]
    later:
      description: Workloads to apply after that.
      type: list
      elements: dict
      sample: [{apiVersion: apps/v1, kind: Deployment, metadata: {name: vllm-qwen3-8b-awq, namespace: ml}}]
    later_changes:
      description: Whether that changes more than the owners of fields.
      type: bool
      sample: false
    stale:
      description: Objects to remove.
      type: list
      elements: dict
      sample: [{apiVersion: v1, kind: Service, metadata: {name: old, namespace: ml}}]
    inventories:
      description: Inventories to apply after that.
      type: list
      elements: dict
      sample: [{apiVersion: v1, kind: ConfigMap, metadata: {name: inference-stack-vllm, namespace: ml}}]
    restarts_due:
      description: Partial objects that note, before anything changes, that pods have to start again.
      type: list
      elements: dict
      sample: [{apiVersion: apps/v1, kind: Deployment, metadata: {name: litellm, namespace: ml}}]
    restarts:
      description: Partial objects whose apply starts pods again.
      type: list
      elements: dict
      sample: [{apiVersion: apps/v1, kind: Deployment, metadata: {name: litellm, namespace: ml}}]
    restarted:
      description: The same in words, each with its reason.
      type: list
      elements: str
      sample: ['apps/v1 Deployment ml/litellm: ConfigMap litellm changes']
    foreign_fields:
      description: Fields that somebody else added to the objects, in words.
      type: list
      elements: str
      sample: ['apps/v1 Deployment ml/litellm: spec.paused (by kubectl-edit)']
    elsewhere:
      description: What stays in other namespaces and how it is removed, in words.
      type: list
      elements: str
      sample: ['Namespace old still has 12 objects of litellm. If none is: kubectl delete namespace old']
    unfinished:
      description: Workloads that have not rolled out, and how far each is.
      type: dict
      sample: {Deployment ml/litellm: 0 of 1 pods are available}
"""


class FilterModule:
    """Offers apply_steps."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"apply_steps": as_filter(apply_steps)}
