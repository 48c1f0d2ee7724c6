# SPDX-License-Identifier: Apache-2.0
"""The filter kubeconfig_login."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.objects import kubeconfig_login

DOCUMENTATION = r"""
name: kubeconfig_login
short_description: Reduce a kubeconfig to what logs in
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Keeps cluster and user of the current context, under names that occur nowhere else.
    Modules that mask every value of a kubeconfig would otherwise mask words like C(v1) wherever they print.
  - The path of a kubeconfig comes back as it is.
options:
  _input:
    description: The content of a kubeconfig, or the path of one.
    type: raw
    required: true
"""

EXAMPLES = r"""
login: "{{ cluster_objects_kubeconfig | inference.stack.kubeconfig_login }}"
"""

RETURN = r"""
_value:
  description: The smaller kubeconfig, or the path.
  type: raw
  sample: /root/.kube/config
"""


class FilterModule:
    """Offers kubeconfig_login."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"kubeconfig_login": as_filter(kubeconfig_login)}
