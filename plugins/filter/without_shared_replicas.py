# SPDX-License-Identifier: Apache-2.0
"""The filter without_shared_replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.rendering.objects import without_shared_replicas
from ansible_collections.inference.stack.plugins.plugin_utils.rendering.plain import as_filter

DOCUMENTATION = r"""
name: without_shared_replicas
short_description: Leave spec.replicas to whoever scales a workload
version_added: 0.1.0
author:
  - The inference.stack authors
description:
  - Drops C(spec.replicas) from workloads whose field another field manager owns by now.
positional: observed
extends_documentation_fragment:
  - inference.stack.objects
  - inference.stack.objects.observed
"""

EXAMPLES = r"""
objects: "{{ objects | inference.stack.without_shared_replicas(observed) }}"
"""

RETURN = r"""
_value:
  description: The objects.
  type: list
  elements: dict
"""


class FilterModule:
    """Offers without_shared_replicas."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"without_shared_replicas": as_filter(without_shared_replicas)}
