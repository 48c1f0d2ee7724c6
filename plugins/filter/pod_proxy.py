# SPDX-License-Identifier: Apache-2.0
"""The filter pod_proxy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.rendering.proxies import pod_proxy

DOCUMENTATION = r"""
name: pod_proxy
short_description: Return the variables with which a pod uses a proxy
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - The cluster's own names and private networks are reached without it.
  - An address with credentials is refused, because everybody who may read pods would see them.
positional: where
options:
  _input:
    description: The proxy, with C(http), C(https) and C(no_proxy). Empty gives no variables.
    type: dict
    required: true
  where:
    description: The variable that a refusal names.
    type: str
    default: inference_proxy
"""

EXAMPLES = r"""
environment: "{{ {'https': 'http://proxy.example.com:3128'} | inference.stack.pod_proxy('vllm_proxy') }}"
"""

RETURN = r"""
_value:
  description: The variables, in capitals and in small letters.
  type: dict
  sample:
    HTTPS_PROXY: http://proxy.example.com:3128
    https_proxy: http://proxy.example.com:3128
    NO_PROXY: localhost,.svc
    no_proxy: localhost,.svc
"""


class FilterModule:
    """Offers pod_proxy."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"pod_proxy": as_filter(pod_proxy)}
