# SPDX-License-Identifier: Apache-2.0
"""The filter front_door_mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.front_door.rendered import front_door_mistakes

DOCUMENTATION = r"""
name: front_door_mistakes
short_description: Return everything that is wrong with a way in from outside
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Each mistake is a sentence that names the variable and the fix. None quotes a certificate or a key.
positional: variable
options:
  _input:
    description: The form of the input C(litellm_ingress) of the role litellm.
    type: dict
    required: true
  variable:
    description: The variable that a mistake names. Those of certificate and key are named after it.
    type: str
    required: true
  certificate:
    description: The certificate as PEM.
    type: str
    default: ''
  key:
    description: Its private key as PEM.
    type: str
    default: ''
  peers:
    description: The peers of the NetworkPolicy that closes the Service. Empty where there is none.
    type: list
    elements: dict
    default: []
  peers_variable:
    description: The variable of the peers.
    type: str
    default: ''
"""

EXAMPLES = r"""
mistakes: "{{ litellm_ingress | inference.stack.front_door_mistakes('litellm_ingress') }}"
"""

RETURN = r"""
_value:
  description: The mistakes, none where all is well.
  type: list
  elements: str
  sample: ['litellm_ingress.host is missing. Name the host that clients ask, for instance llm.example.com.']
"""


class FilterModule:
    """Offers front_door_mistakes."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"front_door_mistakes": as_filter(front_door_mistakes)}
