# SPDX-License-Identifier: Apache-2.0
"""The filter k3s_registration_labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils.hosts.k3s.node_changes import registration_labels
from ..plugin_utils.boundary.filters import as_filter

DOCUMENTATION = r"""
name: k3s_registration_labels
short_description: Name the labels that a node may give itself
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - The kubelet may not give itself labels of the domains C(kubernetes.io) and C(k8s.io), with few exceptions.
    An administrator sets them later.
options:
  _input:
    description: Labels of the node.
    type: dict
    required: true
"""

EXAMPLES = r"""
settings:
  node-label: "{{ k3s_node_labels | inference.stack.k3s_registration_labels }}"
"""

RETURN = r"""
_value:
  description: Those that it may, as C(key=value).
  type: list
  elements: str
  sample: [nvidia.com/gpu=true]
"""


class FilterModule:
    """Offers k3s_registration_labels."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"k3s_registration_labels": as_filter(registration_labels)}
