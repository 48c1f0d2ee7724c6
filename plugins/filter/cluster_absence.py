# SPDX-License-Identifier: Apache-2.0
"""The filter cluster_absence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.diagnosis.task_answers import cluster_absence

DOCUMENTATION = r"""
name: cluster_absence
short_description: Say why the API server is not known
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
positional: server
description:
  - For a site whose kubeconfig could not be read.
options:
  _input:
    description: The result of C(ansible.builtin.slurp) on the server's kubeconfig; empty where nobody asked.
    type: dict
    required: true
  server:
    description: The server's name in the inventory.
    type: str
    required: true
"""

EXAMPLES = r"""
reason: "{{ (kubeconfig | inference.stack.cluster_absence(groups['k3s_servers'] | first)).reason }}"
"""

RETURN = r"""
_value:
  description: What is known.
  type: dict
  contains:
    absent:
      description: Whether the server answered and has no kubeconfig yet.
      type: bool
      sample: true
    reason:
      description: The reason, in one sentence; empty where the kubeconfig was read.
      type: str
      sample: server has no kubeconfig, k3s has not run there
"""


class FilterModule:
    """Offers cluster_absence."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cluster_absence": as_filter(cluster_absence)}
