#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Waits until a cluster knows kinds that other tools bring along."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_kind_info
short_description: Wait until the cluster knows kinds of objects
version_added: 0.1.0
description:
  - Asks the API server for kinds that only some clusters have, because a CustomResourceDefinition brings
    them, and fails if one of them is still unknown in the end.
  - A cluster that does not answer is a result, not a failure.
  - Changes nothing.
author:
  - The inference.stack authors (@inference-stack)
options:
  kinds:
    description: The kinds.
    type: list
    elements: dict
    required: true
    suboptions:
      api_version:
        description: The API's group and version.
        type: str
        required: true
      kind:
        description: The kind.
        type: str
        required: true
      told:
        description: What to say where the cluster does not know it.
        type: str
        default: ''
  timeout:
    description: Seconds to wait. With 0 it asks once.
    type: int
    default: 0
extends_documentation_fragment:
  - inference.stack.cluster
  - inference.stack.read_only
"""

EXAMPLES = r"""
- name: Check that cert-manager is there
  inference.stack.cluster_kind_info:
    kubeconfig: "{{ kubeconfig }}"
    kinds:
      - api_version: cert-manager.io/v1
        kind: Certificate
        told: Install cert-manager first.
"""

RETURN = r"""
answers:
  description: Whether the cluster answered.
  type: bool
  returned: always
  sample: true
reason:
  description: Why it did not.
  type: str
  returned: always
  sample: ''
missing:
  description: The kinds that it does not know, with their API.
  type: list
  elements: str
  returned: always
  sample: [cert-manager.io/v1 Certificate]
hint:
  description: What to do next, where the module knows.
  type: str
  returned: failure
  sample: ''
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.api import Api
from ..module_utils.cluster.cluster_options import CLUSTER_OPTIONS
from ..module_utils.cluster.kubeconfig import harmless_values
from ..module_utils.connection import require_given
from ..module_utils.errors import ProbeFailed, StackError, fail

INTERVAL = 2
KIND_OPTIONS: dict[str, dict[str, Any]] = {
    "api_version": {"type": "str", "required": True},
    "kind": {"type": "str", "required": True},
    "told": {"type": "str", "default": ""},
}


def unknown(params: dict[str, Any]) -> list[dict[str, str]]:
    """The rows whose kind the cluster does not know. What an Api has read once it does not read again."""
    api = Api.from_kubeconfig(params["kubeconfig"], params["context"])
    try:
        return [row for row in params["kinds"] if api.resource(row["api_version"], row["kind"]) is None]
    finally:
        api.close()


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_OPTIONS,
            "kinds": {"type": "list", "elements": "dict", "required": True, "options": KIND_OPTIONS},
            "timeout": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    require_given(module, "kubeconfig")
    module.no_log_values.difference_update(harmless_values(module.params["kubeconfig"]))
    result: dict[str, Any] = {"answers": True, "reason": "", "missing": []}
    deadline = time.monotonic() + module.params["timeout"]
    try:
        missing = unknown(module.params)
        while missing and time.monotonic() < deadline:
            time.sleep(INTERVAL)
            missing = unknown(module.params)
    except StackError as error:
        module.exit_json(changed=False, **{**result, "answers": False, "reason": str(error)})
    result["missing"] = [f"{row['api_version']} {row['kind']}" for row in missing]
    if missing:
        told = [
            row["told"] or f"The cluster does not know {row['api_version']} {row['kind']}." for row in missing
        ]
        fail(module, ProbeFailed("\n".join(told)), **result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
