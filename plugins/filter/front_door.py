# SPDX-License-Identifier: Apache-2.0
"""The filter front_door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.front_door.rendered import front_door

DOCUMENTATION = r"""
name: front_door
short_description: Return what a way in from outside consists of
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Makes an Ingress, a Traefik IngressRoute or an HTTPRoute of the Gateway API that leads to a Service,
    with its certificate.
  - A value that cannot be used is refused. P(inference.stack.front_door_mistakes#filter) tells why.
positional: variable, to
options:
  _input:
    description: The form of the input C(litellm_ingress) of the role litellm.
    type: dict
    required: true
  variable:
    description: The variable that a refusal names.
    type: str
    required: true
  to:
    description: The C(service) and its C(port), and the C(name), C(namespace) and C(labels) of the objects.
    type: dict
    required: true
  certificate:
    description: The certificate as PEM. Empty where it comes from elsewhere.
    type: str
    default: ''
  key:
    description: Its private key as PEM.
    type: str
    default: ''
  seconds:
    description: How long an answer may take to begin.
    type: int
    default: 600
"""

EXAMPLES = r"""
objects: "{{ (litellm_ingress | inference.stack.front_door('litellm_ingress', service)).objects }}"
"""

RETURN = r"""
_value:
  description:
    - C(objects), C(secrets) as rows of the role cluster_objects, C(kinds) that a cluster may lack,
      C(peers) of a NetworkPolicy, and C(url), the address for clients. All are empty without a way in.
  type: dict
  sample:
    objects: []
    secrets: []
    kinds: []
    peers: []
    url: https://llm.example.com
"""


class FilterModule:
    """Offers front_door."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"front_door": as_filter(front_door)}
