#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Takes one look at an OpenAI-compatible server, and never fails for what it sees."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: llm_endpoint_info
short_description: Observe an OpenAI-compatible server once
version_added: 0.1.0
description:
  - Reports whether the server is alive, which models it names, what each of O(ask) answers, and from which
    tier.
  - A server that is down, refuses the key or does not answer in time is a result, too. The module fails only
    for options that make no sense. M(inference.stack.llm_health) waits and fails.
  - Connects to the server directly, without any proxy, and needs Python's standard library only.
options:
  ask:
    description: Served names of the models to ask. Without any, nothing is generated.
    type: list
    elements: str
    default: []
  prompt:
    description: The question to them.
    type: str
    default: Say OK.
  max_tokens:
    description: Tokens that an answer may have.
    type: int
    default: 1
  timeout:
    description: Seconds that the whole observation may take.
    type: float
    default: 300
  request_timeout:
    description: Seconds that one request may take in all, however slowly its answer arrives.
    type: float
    default: 60
extends_documentation_fragment:
  - inference.stack.read_only
  - inference.stack.server
  - inference.stack.server.tiers
attributes:
  check_mode:
    details: It only asks; the models of O(ask) generate in check mode, too.
seealso:
  - module: inference.stack.llm_health
  - module: inference.stack.plan
author:
  - The inference.stack authors (@inference-stack)
"""

EXAMPLES = r"""
- name: Look at the gateway
  inference.stack.llm_endpoint_info:
    base_url: http://192.0.2.10:30400
    api_key: "{{ gateway_key }}"
    ask: [Qwen/Qwen3-8B-AWQ]
    tier_map: "{{ inference_plan.tier_map }}"
  register: gateway

- name: Say who answered
  ansible.builtin.debug:
    msg: "{{ gateway.answers | items2dict(key_name='model', value_name='tier') }}"
"""

RETURN = r"""
url:
  description: Address of the server without C(/v1).
  returned: always
  type: str
  sample: http://192.0.2.10:30400
reachable:
  description: Whether something spoke HTTP.
  returned: always
  type: bool
  sample: true
alive:
  description: Whether it reports that it is alive.
  returned: always
  type: bool
  sample: true
refused:
  description: Whether it refused the key.
  returned: always
  type: bool
  sample: false
models:
  description: Models that it names.
  returned: always
  type: list
  elements: str
  sample: [Qwen/Qwen3-8B-AWQ]
answers:
  description: One row per model that was asked. Empty if the observation ended earlier.
  returned: always
  type: list
  elements: dict
  contains:
    model:
      description: The model.
      type: str
      sample: Qwen/Qwen3-8B-AWQ
    answered:
      description: Whether it generated a token.
      type: bool
      sample: true
    tier:
      description: Tier that answered; V(unknown) if nothing names it.
      type: str
      sample: gpu
    api_base:
      description: Address of the server that answered; empty if unknown.
      type: str
      sample: http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000/v1
    fallbacks:
      description: Tiers that the gateway tried before.
      type: int
      sample: 0
    latency_s:
      description: Seconds that the answer took.
      type: float
      sample: 0.182
    completion_tokens:
      description: Tokens as the server counted them, 0 where it does not count.
      type: int
      sample: 1
    content:
      description: The answer.
      type: str
      sample: OK
    reasoning:
      description: The model's reasoning, if the server returns it separately.
      type: str
      sample: ''
    error:
      description: Why it did not answer. Empty when it did.
      type: str
      sample: ''
error:
  description: Why the observation ended early. Empty if it did not.
  returned: always
  type: str
  sample: ''
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.connection import require_given
from ..module_utils.errors import StackError, fail
from ..module_utils.probing.endpoint import Look, Looker, Question
from ..module_utils.probing.server_options import (
    SERVER_OPTIONS,
    TIER_OPTIONS,
    connector,
    read_tiers,
    require_above_zero,
)

ARGUMENTS: dict[str, dict] = {
    **SERVER_OPTIONS,
    **TIER_OPTIONS,
    "ask": {"type": "list", "elements": "str", "default": []},
    "prompt": {"type": "str", "default": "Say OK."},
    "max_tokens": {"type": "int", "default": 1, "no_log": False},
    "timeout": {"type": "float", "default": 300.0},
    "request_timeout": {"type": "float", "default": 60.0},
}


def look(params: dict) -> Look:
    """Raises InvalidInput for options that make no sense; everything else is part of what was seen."""
    require_above_zero(params, "timeout", "request_timeout", "max_tokens")
    question = Question(params["prompt"], params["max_tokens"])
    with connector(params)() as client:
        return Looker(client, params["timeout"], read_tiers(params)).look(params["ask"], question)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    require_given(module, "base_url")
    try:
        seen = look(module.params)
    except StackError as error:
        fail(module, error)
    module.exit_json(changed=False, **seen.as_plain())


if __name__ == "__main__":
    main()
