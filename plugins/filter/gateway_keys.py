# SPDX-License-Identifier: Apache-2.0
"""The filter gateway_keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.gateway import gateway_keys

DOCUMENTATION = r"""
name: gateway_keys
short_description: Replace consumers' keys by their digests
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Checks the entries and puts the SHA-256 digest in place of each key. No message contains a key.
options:
  _input:
    description: The keys, each with C(name), C(key) or C(key_sha256), and perhaps C(models), C(rpm), C(tpm),
      C(expires), C(budget_day), C(budget_month) or C(never_fall_back_to).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
hashed: "{{ litellm_keys | inference.stack.gateway_keys }}"
"""

RETURN = r"""
_value:
  description: The entries that the gateway reads.
  type: list
  elements: dict
  sample: [{name: n8n, sha256: 9f86d081884c7d65, rpm: 60}]
"""


class FilterModule:
    """Offers gateway_keys."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"gateway_keys": as_filter(gateway_keys)}
