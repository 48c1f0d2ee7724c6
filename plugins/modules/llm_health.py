#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Waits until a served model is proven to work."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: llm_health
short_description: Wait until a served model is proven to work
version_added: 0.1.0
description:
  - Asks an OpenAI-compatible server (a vLLM engine, Ollama, a LiteLLM gateway) until it does what it should,
    or until time is up.
  - Each attempt climbs a ladder. The server answers, its list of models names the model, the model generates
    one token.
  - Behind a LiteLLM gateway the response headers tell which tier answered. The name of the model in an answer
    is no evidence for that and is not used.
  - LiteLLM's C(/health) is never called, because it asks every model, which costs money.
  - Proxies of the environment are not used and redirects are not followed.
  - A key that is refused (HTTP 401 or 403) for two minutes without a break ends the waiting early.
options:
  base_url:
    description:
      - Address of the server, with or without C(/v1) at its end.
    type: str
    required: true
  api_key:
    description:
      - Key that is sent as a bearer token.
      - It is cut out of everything that the module returns.
    type: str
    default: ''
  model:
    description:
      - Served name of the model, as a client would ask for it.
      - Required unless O(validate=liveness).
    type: str
    default: ''
  validate:
    description:
      - How far to climb. Each rung includes those before it.
      - V(liveness) proves only that a process answers, V(identity) that it names the model, V(generate) that
        the model works.
    type: str
    choices: [liveness, identity, generate]
    default: generate
  expected_tier:
    description:
      - Tier that has to answer. Another tier counts as a failed attempt.
      - Needs O(tier_map) and O(validate=generate).
    type: str
    default: ''
  tier_map:
    description:
      - Which tier an address belongs to, as in the key C(tier_map) of a plan.
    type: dict
    default: {}
  timeout:
    description: Seconds until the module gives up.
    type: float
    default: 600
  interval:
    description: Seconds between two attempts.
    type: float
    default: 5
  request_timeout:
    description:
      - Seconds that one request may take in all, however slowly its answer drips.
    type: float
    default: 60
  validate_certs:
    description: Whether to check the server's certificate.
    type: bool
    default: true
  ca_path:
    description: Path of a certificate authority to trust instead of the system's.
    type: path
extends_documentation_fragment:
  - inference.stack.read_only
attributes:
  check_mode:
    details: It only asks; with O(validate=generate) it has one token generated in check mode, too.
  platform:
    description: Where the module runs.
    support: full
    platforms: posix
seealso:
  - module: inference.stack.plan
author:
  - inference.stack contributors (@inference-stack)
"""

EXAMPLES = r"""
- name: Wait for an engine
  inference.stack.llm_health:
    base_url: http://127.0.0.1:8000
    model: Qwen/Qwen3-8B-AWQ

- name: Prove that the gateway reaches the GPU
  inference.stack.llm_health:
    base_url: http://192.0.2.10:30400/v1
    api_key: "{{ gateway_key }}"
    model: vllm-qwen
    expected_tier: gpu
    tier_map:
      http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000: gpu
      http://ollama.ml.svc.cluster.local:11434: cpu
    timeout: 300

- name: See whether Ollama answers at all
  inference.stack.llm_health:
    base_url: http://127.0.0.1:11434
    validate: liveness
    timeout: 30
    interval: 1
"""

RETURN = r"""
healthy:
  description: Whether everything that was asked for is proven.
  returned: always
  type: bool
  sample: true
model:
  description: Served name that was asked for.
  returned: always
  type: str
  sample: Qwen/Qwen3-8B-AWQ
tier:
  description:
    - Tier that answered last. V(fallback) is a tier below the first one that O(tier_map) does not name,
      V(unknown) one that nothing tells.
  returned: always
  type: str
  sample: gpu
api_base:
  description: Address behind the answer, empty where nothing tells.
  returned: always
  type: str
  sample: http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000/v1
attempts:
  description: Number of attempts.
  returned: always
  type: int
  sample: 4
elapsed_s:
  description: Seconds from the first attempt to the end of the last one.
  returned: always
  type: float
  sample: 21.4
latency_s:
  description: Seconds that the last generation took.
  returned: always
  type: float
  sample: 0.182
completion_tokens:
  description: Tokens of the last generation as the server counted them, 0 where it does not count.
  returned: always
  type: int
  sample: 1
models:
  description: Models that the server named last.
  returned: always
  type: list
  elements: str
  sample: [Qwen/Qwen3-8B-AWQ]
last_error:
  description: Why the last attempt failed, empty when it did not.
  returned: always
  type: str
  sample: POST /v1/chat/completions answered HTTP 503
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput, StackError, fail
from ansible_collections.inference.stack.plugins.module_utils.openai_api.client import Client
from ansible_collections.inference.stack.plugins.module_utils.openai_api.transport import tls_context
from ansible_collections.inference.stack.plugins.module_utils.probing.health import (
    GENERATE,
    LADDER,
    Expectation,
    Prober,
    Report,
)

ARGUMENTS: dict[str, dict] = {
    "base_url": {"type": "str", "required": True},
    "api_key": {"type": "str", "default": "", "no_log": True},
    "model": {"type": "str", "default": ""},
    "validate": {"type": "str", "choices": list(LADDER), "default": GENERATE},
    "expected_tier": {"type": "str", "default": ""},
    "tier_map": {"type": "dict", "default": {}},
    "timeout": {"type": "float", "default": 600.0},
    "interval": {"type": "float", "default": 5.0},
    "request_timeout": {"type": "float", "default": 60.0},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
}


def read_expectation(params: dict) -> Expectation:
    """What to prove. Raises InvalidInput for options that contradict each other."""
    if params["validate"] != "liveness" and not params["model"]:
        raise InvalidInput(f"validate={params['validate']} needs model", "Name the served model.")
    for option in ("timeout", "request_timeout"):
        if params[option] <= 0:
            raise InvalidInput(f"{option} must be above 0")
    if params["interval"] < 0:
        raise InvalidInput("interval must not be negative")
    tiers = {str(tier) for tier in params["tier_map"].values()}
    if params["expected_tier"] and params["validate"] != GENERATE:
        raise InvalidInput(
            "expected_tier needs validate=generate", "Only an answer tells which tier gave it."
        )
    if params["expected_tier"] and params["expected_tier"] not in tiers:
        raise InvalidInput(
            f"tier_map has no address of tier {params['expected_tier']!r}",
            f"Tiers of the map: {', '.join(sorted(tiers)) or 'none'}.",
        )
    return Expectation(
        model=params["model"],
        validate=params["validate"],
        tier=params["expected_tier"],
        tier_map={str(address): str(tier) for address, tier in params["tier_map"].items()},
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    report = Report(model=params["model"])
    try:
        expectation = read_expectation(params)
        tls = tls_context(params["validate_certs"], params["ca_path"] or "")
        with Client(params["base_url"], params["api_key"], params["request_timeout"], tls) as client:
            prober = Prober(client, expectation)
            report = prober.report
            prober.wait(params["timeout"], params["interval"])
    except StackError as error:
        fail(module, error, changed=False, **report.as_plain())
    module.exit_json(changed=False, **report.as_plain())


if __name__ == "__main__":
    main()
