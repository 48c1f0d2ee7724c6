#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""The end of the logs of a workload's pods."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pod_log_info
short_description: Read the end of the logs of a workload's pods
version_added: 0.1.0
description:
  - Reads the last lines of each container of each pod, also of pods that do not serve.
  - What looks like a key is cut out.
  - Changes nothing.
author:
  - The inference.stack authors (@inference-stack)
options:
  workload:
    description: Deployment, DaemonSet or StatefulSet in words, such as C(Deployment ml/litellm).
    type: str
    required: true
  lines:
    description: Lines of each container.
    type: int
    default: 100
  previous:
    description: Whether to read the logs of the previous containers.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for each answer of the API server.
    type: float
    default: 15
extends_documentation_fragment:
  - inference.stack.cluster
  - inference.stack.read_only
"""

EXAMPLES = r"""
- name: Read what the gateway said last
  inference.stack.pod_log_info:
    kubeconfig: "{{ kubeconfig }}"
    workload: Deployment ml/litellm
    lines: 50
  register: gateway
"""

RETURN = r"""
logs:
  description: One row per container.
  type: list
  elements: dict
  returned: success
  contains:
    pod:
      description: Name of the pod.
      type: str
      sample: vllm-qwen3-8b-awq-7d4b9c6f5-x2x7k
    container:
      description: Name of the container.
      type: str
      sample: vllm
    lines:
      description: Its last lines.
      type: list
      elements: str
      sample: ['INFO: Application startup complete.']
hint:
  description: What to do next, where the module knows.
  type: str
  returned: failure
  sample: 'Look at its log: kubectl -n ml logs deployment/litellm'
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.api import Api
from ..module_utils.cluster.cluster_options import CLUSTER_OPTIONS
from ..module_utils.cluster.kubeconfig import harmless_values, read_access
from ..module_utils.cluster.objects import Identity
from ..module_utils.cluster.rollouts import selector
from ..module_utils.connection import require_given
from ..module_utils.errors import InvalidInput, ProbeFailed, StackError, fail
from ..module_utils.openai_api.failures import redact

LINES_MAX = 10000


def read_logs(api: Api, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The logs of every container; raises where there is no pod that could have said something."""
    if not 0 < params["lines"] <= LINES_MAX:
        raise InvalidInput(f"lines must be between 1 and {LINES_MAX}")
    identity = Identity.parse(f"apps/v1 {params['workload']}")
    found = api.read(*identity)
    if found is None:
        raise ProbeFailed(
            f"{params['workload']} does not exist.", "Is the name right, and is the site deployed?"
        )
    folder = f"/api/v1/namespaces/{quote(identity.namespace)}/pods"
    pods = (api.get(folder, {"labelSelector": selector(found)}) or {}).get("items") or []
    if not pods:
        raise ProbeFailed(f"{params['workload']} has no pod, so there is no log.", "Is it scaled to 0?")
    query = {"tailLines": str(params["lines"]), "previous": str(params["previous"]).lower()}
    logs = []
    for pod in pods:
        for container in (pod.get("spec") or {}).get("containers") or []:
            path = f"{folder}/{quote(pod['metadata']['name'])}/log"
            text = redact(api.text(path, {**query, "container": container["name"]}), ())
            logs.append(
                {
                    "pod": pod["metadata"]["name"],
                    "container": container["name"],
                    "lines": text.splitlines()[-params["lines"] :],
                }
            )
    return logs


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_OPTIONS,
            "workload": {"type": "str", "required": True},
            "lines": {"type": "int", "default": 100},
            "previous": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 15.0},
        },
        supports_check_mode=True,
    )
    require_given(module, "kubeconfig")
    params = module.params
    module.no_log_values.difference_update(harmless_values(params["kubeconfig"]))
    try:
        api = Api(read_access(params["kubeconfig"], params["context"]), params["timeout"])
        logs = read_logs(api, params)
    except StackError as error:
        fail(module, error)
    module.exit_json(changed=False, logs=logs)


if __name__ == "__main__":
    main()
