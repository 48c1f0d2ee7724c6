# SPDX-License-Identifier: Apache-2.0
"""The filter applicable_objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.rendering.objects import applicable_objects
from ansible_collections.inference.stack.plugins.plugin_utils.rendering.plain import as_filter

DOCUMENTATION = r"""
name: applicable_objects
short_description: Leave out objects that the cluster cannot take yet
version_added: 0.1.0
author:
  - The inference.stack authors
description:
  - Objects whose namespace or API is missing would fail even in a dry run of the server.
positional: observed
extends_documentation_fragment:
  - inference.stack.objects
  - inference.stack.objects.observed
"""

EXAMPLES = r"""
possible: "{{ objects | inference.stack.applicable_objects(observed) }}"
"""

RETURN = r"""
_value:
  description: The objects that can be applied now.
  type: list
  elements: dict
"""


class FilterModule:
    """Offers applicable_objects."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"applicable_objects": as_filter(applicable_objects)}
