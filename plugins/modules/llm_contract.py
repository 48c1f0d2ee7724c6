#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Checks that a served model keeps what the plan promises of it."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: llm_contract
short_description: Check that a served model keeps what the plan promises
version_added: 0.1.0
description:
  - Asks a model through an OpenAI-compatible server (a LiteLLM gateway, a vLLM engine) for everything that it
    promises, and judges the answers.
  - All checks run. Each one passes, fails, or does not apply, with what was expected and what was seen. Then
    the module fails when a promise is broken.
  - Checked are its name in the list of models, a plain request, a streamed one with its count of tokens, the
    limits C(max_tokens) and C(stop), and, as far as promised, JSON of a given form, tool calls, reasoning
    apart from the answer, the prompt switches C(/think) and C(/no_think), the length of the context, the
    speed, and the GPU's memory.
  - The server's part (the form of an answer) and the weights' part (its quality) are judged separately, see
    O(quality).
  - Behind a gateway the response headers name who answered; an answer of another tier or engine breaks the
    contract. Only the plain request may fall back as a client's would, the others ask the gateway not to.
  - Several checks run at once, except for the speed.
options:
  model:
    description: Served name of the model, as a client would ask for it.
    type: str
    required: true
  capabilities:
    description: What the model can do. Other capabilities are not checked.
    type: list
    elements: str
    choices: [chat, json, tools, reasoning]
    default: [chat]
  max_model_len:
    description:
      - Tokens that prompt and answer may have together. A prompt that just fits has to be read whole, a
        longer one has to be refused with HTTP 400.
      - 0 leaves this out.
    type: int
    default: 0
  reasoning_apart:
    description: Whether the server separates reasoning from the answer, which takes a parser.
    type: bool
    default: true
  thinking_switch:
    description: Whether C(/think) and C(/no_think) at the end of a prompt switch the reasoning on and off.
    type: bool
    default: false
  floor_tokens_per_second:
    description:
      - Tokens per second that one answer has to reach, from the request to its last token.
      - Up to three answers are tried, and the fastest counts. 0 only measures.
    type: float
    default: 0
  expected_tier:
    description:
      - Tier that has to answer.
      - Needs O(tier_map).
    type: str
    default: ''
  expected_api_base:
    description: Address of the engine that has to answer, so that another one of the same tier does not pass.
    type: str
    default: ''
  memory:
    description: The GPU's memory after loading, measured by C(inference.stack.gpu_info), beside the plan's.
    type: dict
    suboptions:
      measured_bytes:
        description: Memory in use.
        type: int
      expected_bytes:
        description: Memory that the plan lets the engines claim.
        type: int
      minimum_bytes:
        description: Memory that the weights alone take. If less is in use, the model is elsewhere.
        type: int
        default: 0
      tolerance:
        description: Share by which the measured value may exceed the limits.
        type: float
        default: 0.1
  quality:
    description:
      - Whether wrong answers break the contract.
      - V(true) judges them, V(false) does not ask for them, V(report) shows them without failing.
      - A model with random weights keeps the form of its answers and nothing else.
    type: str
    choices: ['true', 'false', report]
    default: 'true'
  wait_timeout:
    description:
      - Seconds to wait first until the model generates at all, as M(inference.stack.llm_health) does. On the
        controller it says meanwhile why it does not.
      - 0 begins at once.
    type: float
    default: 0
  interval:
    description: Seconds between two attempts while it waits.
    type: float
    default: 2
  request_timeout:
    description: Seconds that one request may take in all. The longest reads a prompt of O(max_model_len).
    type: float
    default: 120
extends_documentation_fragment:
  - inference.stack.read_only
  - inference.stack.server
  - inference.stack.server.tiers
attributes:
  check_mode:
    details: It only asks, and asks the same in check mode.
seealso:
  - module: inference.stack.llm_health
  - module: inference.stack.plan
author:
  - The inference.stack authors (@inference-stack)
"""

EXAMPLES = r"""
- name: Prove a model through the gateway
  inference.stack.llm_contract:
    base_url: http://192.0.2.10:30400/v1
    api_key: "{{ gateway_key }}"
    model: Qwen/Qwen3-8B-AWQ
    capabilities: [chat, json, tools, reasoning]
    thinking_switch: true
    max_model_len: 8192
    floor_tokens_per_second: 30
    expected_tier: gpu
    tier_map:
      http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000: gpu
      http://ollama.ml.svc.cluster.local:11434: cpu
  register: proof

- name: Show it
  ansible.builtin.debug:
    var: proof.table

- name: Check an engine of your own, whatever it answers
  inference.stack.llm_contract:
    base_url: http://127.0.0.1:8000
    model: tiny-random
    capabilities: [chat, json]
    quality: false
"""

RETURN = r"""
fulfilled:
  description: Whether no promise is broken.
  returned: always
  type: bool
  sample: true
model:
  description: Served name that was asked for.
  returned: always
  type: str
  sample: Qwen/Qwen3-8B-AWQ
tier:
  description: Tier that answered the plain request.
  returned: always
  type: str
  sample: gpu
api_base:
  description: Address of the server that answered; empty if unknown.
  returned: always
  type: str
  sample: http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000/v1
checks:
  description: What each check found. Empty when the model never answered while O(wait_timeout) lasted.
  returned: always
  type: list
  elements: dict
  contains:
    check:
      description: Name of the check.
      type: str
      sample: json
    status:
      description: How it ended, V(passed), V(failed) or V(not_applicable).
      type: str
      sample: passed
    expected:
      description: What was promised.
      type: str
      sample: at least 30 tokens/s
    seen:
      description: What came instead, or the evidence that it holds, or why the check does not apply.
      type: str
      sample: 22.4 tokens/s, the best of 3
    quality:
      description: Whether the weights are judged and not the server.
      type: bool
      sample: false
    required:
      description: Whether a failure breaks the contract.
      type: bool
      sample: true
    figures:
      description: What was measured.
      type: dict
      sample: {tokens_per_second: 22.4}
broken:
  description: Names of the checks that break the contract.
  returned: always
  type: list
  elements: str
  sample: []
figures:
  description: Everything that was measured.
  returned: always
  type: dict
  sample: {latency_s: 0.21, first_token_s: 0.06, tokens_per_second: 41.3}
table:
  description: One line per check for people to read.
  returned: always
  type: list
  elements: str
  sample: ['passed         identity         named Qwen/Qwen3-8B-AWQ']
"""

from collections.abc import Callable

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.patience import silence
from ..module_utils.connection import require_given
from ..module_utils.errors import InvalidInput, StackError, fail
from ..module_utils.module_call import ModuleCall
from ..module_utils.probing.answering_tier import require_known_tier
from ..module_utils.probing.contract.promise import CAPABILITIES, CHAT, JUDGE, QUALITY, Memory, Promise
from ..module_utils.probing.contract.runner import Report, Runner
from ..module_utils.probing.contract.session import Session
from ..module_utils.probing.health import Expectation, Prober
from ..module_utils.probing.server_options import (
    SERVER_OPTIONS,
    TIER_OPTIONS,
    connector,
    read_tiers,
    require_above_zero,
    require_not_negative,
)

MEMORY: dict[str, dict] = {
    "measured_bytes": {"type": "int"},
    "expected_bytes": {"type": "int"},
    "minimum_bytes": {"type": "int", "default": 0},
    "tolerance": {"type": "float", "default": 0.1},
}
ARGUMENTS: dict[str, dict] = {
    **SERVER_OPTIONS,
    **TIER_OPTIONS,
    "model": {"type": "str", "required": True},
    "capabilities": {
        "type": "list",
        "elements": "str",
        "choices": list(CAPABILITIES),
        "default": [CHAT],
    },
    "max_model_len": {"type": "int", "default": 0},
    "reasoning_apart": {"type": "bool", "default": True},
    "thinking_switch": {"type": "bool", "default": False},
    # Not a secret, although its name speaks of tokens.
    "floor_tokens_per_second": {"type": "float", "default": 0.0, "no_log": False},
    "expected_tier": {"type": "str", "default": ""},
    "expected_api_base": {"type": "str", "default": ""},
    "memory": {"type": "dict", "options": MEMORY},
    "quality": {"type": "str", "choices": list(QUALITY), "default": JUDGE},
    "wait_timeout": {"type": "float", "default": 0.0},
    "interval": {"type": "float", "default": 2.0},
    "request_timeout": {"type": "float", "default": 120.0},
}


def read_promise(params: dict) -> Promise:
    """What the model has to keep. Raises InvalidInput for options that contradict each other."""
    require_not_negative(params, "max_model_len", "floor_tokens_per_second", "wait_timeout", "interval")
    require_above_zero(params, "request_timeout")
    tier_map = read_tiers(params)
    require_known_tier(params["expected_tier"], tier_map)
    return Promise(
        model=params["model"],
        capabilities=frozenset(params["capabilities"]),
        max_model_len=params["max_model_len"],
        reasoning_apart=params["reasoning_apart"],
        thinking_switch=params["thinking_switch"],
        floor=params["floor_tokens_per_second"],
        tier=params["expected_tier"],
        tier_map=tier_map,
        api_base=params["expected_api_base"],
        memory=read_memory(params["memory"] or {}),
        quality=params["quality"],
    )


def read_memory(given: dict) -> Memory:
    if not given:
        return Memory()
    if given["tolerance"] < 0:
        raise InvalidInput("memory.tolerance must not be negative")
    return Memory(
        given["measured_bytes"], given["expected_bytes"], given["minimum_bytes"], given["tolerance"]
    )


def run(module: ModuleCall, say: Callable[[str], None] = silence) -> None:
    """Answer one call. ``say`` is told why the model does not generate yet."""
    require_given(module, "base_url")
    params = module.params
    report = Report(params["model"])
    try:
        promise = read_promise(params)
        connect = connector(params)
        session = Session(promise, connect)
        if params["wait_timeout"]:
            expected = Expectation(promise.model, tier=promise.tier, tier_map=promise.tier_map)
            with connect() as client:
                Prober(client, expected, say=say).wait(params["wait_timeout"], params["interval"])
        report = Runner(session).run()
        report.require()
    except StackError as error:
        fail(module, error, changed=False, **report.as_plain())
    module.exit_json(changed=False, **report.as_plain())


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
