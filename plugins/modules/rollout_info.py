#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Waits for workloads by reading them, and explains what keeps them from arriving."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_info
short_description: Wait until workloads have rolled out and Jobs are complete
version_added: 0.1.0
description:
  - Reads the workloads until each runs its current version on every pod that it asks for.
  - A workload that cannot roll out (an image that does not exist, a container that keeps crashing) fails at
    once; one whose pods no node will take fails after half a minute, for lack of a device such as a GPU after
    three minutes. The others fail at the deadline. Either way the message names the pod, what it waits for,
    its warnings and the end of its log.
  - A workload that is scaled to 0 has rolled out, and a Job that is complete. A Job that has failed fails.
  - On the controller it says what each workload waits for, such as an image that is being pulled, whenever
    that changes and otherwise every 30 seconds.
  - Changes nothing.
author:
  - The inference.stack authors (@inference-stack)
options:
  workloads:
    description:
      - The objects. Only C(apiVersion), C(kind) and C(metadata.name)/C(metadata.namespace) are used.
      - With C(timeout) an object has a number of seconds of its own.
    type: list
    elements: dict
    required: true
  timeout:
    description:
      - Seconds to wait for those that have no C(timeout) of their own.
      - The time in which pods pull images or run init containers does not count, see O(fetch_timeout).
    type: int
    default: 600
  fetch_timeout:
    description:
      - Seconds that each workload may take for pulling images and running init containers.
    type: int
    default: 14400
extends_documentation_fragment:
  - inference.stack.cluster
  - inference.stack.read_only
attributes:
  check_mode:
    details: In check mode it reads once and never fails for an unfinished rollout.
"""

EXAMPLES = r"""
- name: Wait for the gateway
  inference.stack.rollout_info:
    kubeconfig: "{{ kubeconfig }}"
    workloads:
      - {apiVersion: apps/v1, kind: Deployment, metadata: {name: litellm, namespace: ml}}
    timeout: 300
"""

RETURN = r"""
workloads:
  description: How far each workload was at the end, in words.
  type: dict
  returned: always
  sample:
    Deployment ml/litellm: 1 of 1 pods are available
pods:
  description: The ready pods of each workload.
  type: dict
  returned: success
  sample:
    Deployment ml/litellm: [litellm-7d4b9c6f5-x2x7k]
hint:
  description: What to do next, where the module knows.
  type: str
  returned: failure
  sample: 'Look at its log: kubectl -n ml logs deployment/litellm'
"""

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.api import Api
from ..module_utils.cluster.cluster_options import CLUSTER_OPTIONS
from ..module_utils.cluster.kubeconfig import harmless_values
from ..module_utils.cluster.objects import Identity
from ..module_utils.cluster.patience import silence
from ..module_utils.cluster.waiters import FETCH_TIMEOUT, Rollout
from ..module_utils.connection import require_given
from ..module_utils.errors import StackError, fail
from ..module_utils.module_call import ModuleCall

ARGUMENTS: dict[str, dict[str, Any]] = {
    **CLUSTER_OPTIONS,
    "workloads": {"type": "list", "elements": "dict", "required": True},
    "timeout": {"type": "int", "default": 600},
    "fetch_timeout": {"type": "int", "default": FETCH_TIMEOUT},
}


def run(module: ModuleCall, say: Callable[[str], None] = silence) -> None:
    """Answer one call. ``say`` is told what is waited for; a module of its own process has nobody to tell."""
    require_given(module, "kubeconfig")
    module.no_log_values.difference_update(harmless_values(module.params["kubeconfig"]))
    states: dict[str, str] = {}
    try:
        api = Api.from_kubeconfig(module.params["kubeconfig"], module.params["context"])
        workloads = [(Identity.of(item), item.get("timeout")) for item in module.params["workloads"]]
        rollout = Rollout(api, [identity for identity, _ in workloads], say=say)
        try:
            if module.check_mode:
                rollout.look()
            else:
                own = {identity: float(seconds) for identity, seconds in workloads if seconds}
                rollout.wait(module.params["timeout"], own, module.params["fetch_timeout"])
            pods = rollout.pods()
        finally:
            states = {name: state.summary for name, state in rollout.states.items()}
    except StackError as error:
        fail(module, error, workloads=states)
    module.exit_json(changed=False, workloads=states, pods=pods)


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
