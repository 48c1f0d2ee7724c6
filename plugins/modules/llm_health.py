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
  - Each attempt makes these checks in order. The server answers, it is ready, its list of models names
    exactly the model, the model generates one token.
  - Behind a LiteLLM gateway the response headers tell which tier answered. The name of the model in an answer
    is no evidence for that and is not used.
  - LiteLLM's C(/health) is never called, because it asks every model, which costs money.
  - Proxies of the environment are not used and redirects are not followed.
  - A key that is refused (HTTP 401 or 403) for two minutes without a break ends the waiting early.
  - With O(kubeconfig) and O(deployment) a failure also tells what the cluster sees, which is the pods'
    troubles and events, and the cause that the engine's log names (GPU memory, driver, licence, architecture
    and more) with its fix. An engine that cannot come up ends the waiting early.
options:
  model:
    description:
      - Served name of the model, as a client would ask for it.
      - Required unless O(validate=liveness).
    type: str
    default: ''
  validate:
    description:
      - How much to check. Each value includes those before it.
      - V(liveness) proves only that a process answers, V(readiness) that it says it is ready, V(identity)
        that it names the model, V(generate) that the model works.
    type: str
    choices: [liveness, readiness, identity, generate]
    default: generate
  expected_tier:
    description:
      - Tier that has to answer. Another tier counts as a failed attempt.
      - Needs O(tier_map) and O(validate=generate).
    type: str
    default: ''
  expected_max_model_len:
    description:
      - Tokens of context that the list of models has to report. 0 accepts any length.
      - Gateways do not report a length, which is accepted as well.
    type: int
    default: 0
  expected_version:
    description:
      - Release that the engine has to be, as its C(/version) reports. Empty accepts any.
      - Needs an engine, because gateways refuse this request. So does O(metrics).
    type: str
    default: ''
  metrics:
    description: Whether the engine has to publish vLLM's metrics. Old and new names count.
    type: bool
    default: false
  kubeconfig:
    description:
      - How to reach the cluster that runs the engine. A mapping with the content of a kubeconfig, or the path
        of one.
      - Needs O(deployment) and O(namespace).
    type: raw
  context:
    description: The context of the kubeconfig. Without it, its current context.
    type: str
  namespace:
    description: Namespace of O(deployment).
    type: str
  deployment:
    description: Deployment whose pods run the engine.
    type: str
  container:
    description: Container of the pods that is the engine.
    type: str
    default: vllm
  load_timeout:
    description:
      - Seconds that the engine may have taken from its container's start until it served. 0 accepts any time.
      - Needs O(deployment). A time that the cluster no longer knows is accepted.
    type: float
    default: 0
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
      - Seconds that one request may take in all, however slowly its answer arrives.
    type: float
    default: 60
extends_documentation_fragment:
  - inference.stack.read_only
  - inference.stack.server
  - inference.stack.server.tiers
attributes:
  check_mode:
    details: It only asks; with O(validate=generate) it has one token generated in check mode, too.
seealso:
  - module: inference.stack.llm_contract
  - module: inference.stack.plan
author:
  - The inference.stack authors (@inference-stack)
"""

EXAMPLES = r"""
- name: Wait for an engine
  inference.stack.llm_health:
    base_url: http://127.0.0.1:8000
    model: Qwen/Qwen3-8B-AWQ

- name: Wait for an engine in the cluster, and check that it loads within its time
  inference.stack.llm_health:
    base_url: http://192.0.2.11:8000
    model: Qwen/Qwen3-8B-AWQ
    expected_max_model_len: 8192
    expected_version: 0.8.5.post1
    metrics: true
    kubeconfig: ~/.kube/config
    namespace: ml
    deployment: vllm-qwen3-8b-awq
    load_timeout: 120

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
      V(unknown) one that nothing names.
  returned: always
  type: str
  sample: gpu
api_base:
  description: Address of the server that answered; empty if unknown.
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
max_model_len:
  description: Tokens of context that the server reports for the model; 0 if it does not.
  returned: always
  type: int
  sample: 8192
version:
  description: Release of the engine, empty unless O(expected_version) asked for it.
  returned: always
  type: str
  sample: 0.8.5.post1
load_s:
  description: Seconds that the engine took to load; V(none) if unknown.
  returned: always
  type: float
  sample: 41.0
last_error:
  description: Why the last attempt failed, empty when it did not.
  returned: always
  type: str
  sample: POST /v1/chat/completions answered HTTP 503
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.api import Api
from ..module_utils.cluster.kubeconfig import harmless_values
from ..module_utils.connection import require_given
from ..module_utils.errors import InvalidInput, StackError, fail
from ..module_utils.probing.answering_tier import require_known_tier
from ..module_utils.probing.engine_pod import Workload, require_load_time
from ..module_utils.probing.health import GENERATE, IDENTITY, LADDER, Expectation, Prober, Report
from ..module_utils.probing.server_options import (
    SERVER_OPTIONS,
    TIER_OPTIONS,
    connector,
    read_tiers,
    require_above_zero,
    require_not_negative,
)

ARGUMENTS: dict[str, dict] = {
    **SERVER_OPTIONS,
    **TIER_OPTIONS,
    "model": {"type": "str", "default": ""},
    "validate": {"type": "str", "choices": list(LADDER), "default": GENERATE},
    "expected_tier": {"type": "str", "default": ""},
    "expected_max_model_len": {"type": "int", "default": 0},
    "expected_version": {"type": "str", "default": ""},
    "metrics": {"type": "bool", "default": False},
    "kubeconfig": {"type": "raw", "no_log": True},
    "context": {"type": "str"},
    "namespace": {"type": "str"},
    "deployment": {"type": "str"},
    "container": {"type": "str", "default": "vllm"},
    "load_timeout": {"type": "float", "default": 0.0},
    "timeout": {"type": "float", "default": 600.0},
    "interval": {"type": "float", "default": 5.0},
    "request_timeout": {"type": "float", "default": 60.0},
}


NEED_A_MODEL = (IDENTITY, GENERATE)


def read_expectation(params: dict) -> Expectation:
    """What to prove. Raises InvalidInput for options that contradict each other."""
    if params["validate"] in NEED_A_MODEL and not params["model"]:
        raise InvalidInput(f"validate={params['validate']} needs model", "Name the served model.")
    require_above_zero(params, "timeout", "request_timeout")
    require_not_negative(params, "interval", "load_timeout", "expected_max_model_len")
    for option in ("expected_max_model_len", "expected_version", "metrics"):
        if params[option] and params["validate"] not in NEED_A_MODEL:
            raise InvalidInput(f"{option} needs validate=identity or validate=generate")
    if params["load_timeout"] and not params["deployment"]:
        raise InvalidInput("load_timeout needs deployment", "Only the cluster knows how long loading took.")
    if params["expected_tier"] and params["validate"] != GENERATE:
        raise InvalidInput(
            "expected_tier needs validate=generate", "Only an answer tells which tier gave it."
        )
    tier_map = read_tiers(params)
    require_known_tier(params["expected_tier"], tier_map)
    return Expectation(
        model=params["model"],
        validate=params["validate"],
        tier=params["expected_tier"],
        tier_map=tier_map,
        max_model_len=params["expected_max_model_len"],
        version=params["expected_version"],
        metrics=params["metrics"],
    )


def find_workload(params: dict) -> Workload | None:
    """Where the engine runs, when the caller told."""
    if not params["deployment"]:
        return None
    api = Api.from_kubeconfig(params["kubeconfig"], params["context"])
    return Workload(api, params["namespace"], params["deployment"], params["container"])


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_together=[("kubeconfig", "deployment", "namespace")],
    )
    require_given(module, "base_url")
    params = module.params
    if params["kubeconfig"] is not None:
        module.no_log_values.difference_update(harmless_values(params["kubeconfig"]))
    report = Report(model=params["model"])
    load_s: float | None = None
    try:
        expectation = read_expectation(params)
        connect = connector(params)
        workload = find_workload(params)
        with connect() as client:
            prober = Prober(client, expectation, witness=workload)
            report = prober.report
            prober.wait(params["timeout"], params["interval"])
        load_s = workload.load_seconds() if workload else None
        require_load_time(load_s, params["load_timeout"])
    except StackError as error:
        fail(module, error, changed=False, load_s=load_s, **report.as_plain())
    module.exit_json(changed=False, load_s=load_s, **report.as_plain())


if __name__ == "__main__":
    main()
