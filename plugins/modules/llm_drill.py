#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Takes tiers away under a light load, and tells what clients noticed."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: llm_drill
short_description: Take tiers away under load, and tell what clients noticed
version_added: 0.1.0
description:
  - Some users ask a model through the gateway, whole answers and streams in turn. Meanwhile the first tier of
    the model is taken away, with O(depth) also those behind it, and put back.
  - The response headers prove who answered. Beside the model, the next tier is asked under its own name. With
    these answers those are compared that came by way of a tier that was away.
  - "A request fails when it gets no answer although a tier is left. Two things are no failures but counted: a
    stream that had begun and was cut, and a refusal with HTTP 503 while every tier is away."
  - What is taken away is noted in the ConfigMap C(inference-drill) of O(namespace) before. It is put back in
    any case, also after Ctrl-C. If even that was impossible, the next run does it first.
  - It fails when something is not as promised; see RV(problems).
options:
  namespace:
    description: Namespace of the site.
    type: str
    required: true
  tiers:
    description:
      - The tiers that answer for a model, in their order.
      - Required unless O(restore_only).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the tier, as in O(tier_map).
        type: str
        required: true
      model:
        description: Name at the gateway that asks this tier first. Users ask for that of the first tier.
        type: str
        required: true
      deployment:
        description:
          - Deployment that can be taken away.
          - Empty for a tier that is somewhere else. It may have to be paid, so nobody asks it by its name.
        type: str
        default: ''
  depth:
    description:
      - How many of O(tiers) are away in the end. They are taken one after the other, and put back in reverse.
    type: int
    default: 1
  way:
    description:
      - V(scale) scales the Deployment to 0. It is undone by scaling it up.
      - V(kill) deletes its pods with one second between SIGTERM and SIGKILL. The Deployment makes new ones.
      - V(freeze) stops every process but the first of the pod's first container with SIGSTOP. So an engine
        accepts requests and never answers. It is undone by SIGCONT. The container needs a shell.
      - V(block) cuts the Deployment's pods off from the gateway with the NetworkPolicy C(inference-drill).
        Networks that enforce policies drop what is sent to them, or refuse it; with one that does not, it
        fails. It is undone by deleting the policy.
      - V(slow) lets a pod of the gateway's image answer instead, O(delay) late. The engine itself goes on.
        Until it is undone, the engine's headless Service leads to that pod.
      - V(error) is the same with HTTP 500 and 503 in turn, while the health stays well.
    type: str
    choices: [scale, kill, freeze, block, slow, error]
    default: scale
  delay:
    description: Seconds by which a tier that is V(slow) answers late. More than any answer takes otherwise.
    type: float
    default: 5
  requests:
    description: Requests in all, at least 40. More are sent while a tier comes back.
    type: int
    default: 200
  users:
    description: Users who ask one request after the other.
    type: int
    default: 2
  pause:
    description: Seconds between an answer and the next request of the same user.
    type: float
    default: 0.1
  max_tokens:
    description: Tokens of an answer.
    type: int
    default: 4
  gateway:
    description:
      - Deployment of the gateway, whose pods must not restart. Empty does not look at it.
      - Required if O(way=block), O(way=slow) or O(way=error).
    type: str
    default: ''
  first_answers:
    description: How many answers after the outage count as the first ones.
    type: int
    default: 20
  first_limit:
    description:
      - Seconds by which the first answers may be later than the next tier's own, both at the 95th percentile.
    type: float
    default: 0.2
  steady_limit:
    description:
      - Seconds by which the answers after them may be later than the next tier's own, both at the median.
    type: float
    default: 0.05
  request_timeout:
    description: Seconds that one request may take in all.
    type: float
    default: 120
  return_timeout:
    description: Seconds that a tier may take to come back.
    type: float
    default: 900
  stage_timeout:
    description: Seconds that the requests of one stage may take, such as those while a tier is away.
    type: float
    default: 1800
  restore_only:
    description: Whether to put back only what an interrupted drill left away. Nobody is asked.
    type: bool
    default: false
extends_documentation_fragment:
  - inference.stack.cluster
  - inference.stack.server
  - inference.stack.server.tiers
attributes:
  check_mode:
    description: Can run in check mode and return what it would return otherwise.
    support: partial
    details: In check mode it checks its options, takes nothing away, asks nothing and is skipped.
  diff_mode:
    description: Can show what changed.
    support: none
    details: It leaves nothing changed.
notes:
  - Clients get slower answers, and none while every tier is away. It is not for a site whose users were not
    told.
  - Two drills at once undo each other.
seealso:
  - module: inference.stack.llm_contract
  - module: inference.stack.llm_benchmark
author:
  - The inference.stack authors (@inference-stack)
"""

EXAMPLES = r"""
- name: See whether anybody notices when the GPU's pod is killed
  inference.stack.llm_drill:
    kubeconfig: "{{ kubeconfig }}"
    base_url: http://192.0.2.10:30400/v1
    api_key: "{{ gateway_key }}"
    namespace: ml
    way: kill
    gateway: litellm
    tiers:
      - {name: gpu, model: Qwen/Qwen3-8B-AWQ, deployment: vllm-qwen3-8b-awq}
      - {name: cpu, model: "qwen3:4b", deployment: ollama}
    tier_map:
      http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000: gpu
      http://ollama.ml.svc.cluster.local:11434: cpu
  register: drill

- name: Put back what an interrupted drill left away
  inference.stack.llm_drill:
    kubeconfig: "{{ kubeconfig }}"
    namespace: ml
    restore_only: true
"""

RETURN = r"""
restored:
  description: What an interrupted drill had left away, and was put back first.
  returned: always
  type: list
  elements: str
  sample: []
passed:
  description: Whether everything was as promised.
  returned: when a drill ended
  type: bool
  sample: true
requests:
  description: Requests in all.
  returned: when a drill ended
  type: int
  sample: 1012
failures:
  description: Requests that failed although a tier was left, and that had not begun to stream.
  returned: when a drill ended
  type: int
  sample: 0
stages:
  description: What became of the requests before, during and after each outage.
  returned: when a drill ended
  type: list
  elements: dict
  contains:
    stage:
      description: Name of the stage.
      type: str
      sample: without gpu
    requests:
      description: Requests that were sent then.
      type: int
      sample: 500
    streamed:
      description: How many of them were streams.
      type: int
      sample: 250
    tiers:
      description: How many answers each tier gave to those who asked for the model.
      type: dict
      sample: {cpu: 249, gpu: 1}
    beside:
      description: Answers to those who asked the next tier under its own name.
      type: int
      sample: 250
    failed:
      description: Requests that failed, as in RV(failures).
      type: int
      sample: 0
    cut_streams:
      description: Streams that had begun and broke off.
      type: int
      sample: 1
    refused:
      description: Requests that nobody could answer, for every tier was away.
      type: int
      sample: 0
    p50_s:
      description: Median of the seconds that an answer took.
      type: float
      sample: 0.21
    p95_s:
      description: Their 95th percentile.
      type: float
      sample: 0.3
outages:
  description: What each outage meant. A figure is null where nobody answered.
  returned: when a drill ended
  type: list
  elements: dict
  contains:
    tier:
      description: The tier that was taken away.
      type: str
      sample: gpu
    way:
      description: As O(way).
      type: str
      sample: kill
    undone:
      description: How it was put back.
      type: str
      sample: its Deployment makes a new pod
    effect_s:
      description:
        - Seconds until the outage was in effect, where networks or names have to pass it on.
        - The other figures count from then.
      type: float
      sample: 4.2
    detection_s:
      description: Seconds from the outage until another tier had answered a request that was sent after it.
      type: float
      sample: 0.31
    late_answers:
      description: How many answers a slow tier gave itself.
      type: int
      sample: 0
    late_beyond_p95_s:
      description: Seconds that they took beyond O(delay), at the 95th percentile.
      type: float
      sample: 0.06
    under_way:
      description: Requests that were under way at that moment.
      type: int
      sample: 2
    under_way_slowest_s:
      description: Seconds that the slowest of them took.
      type: float
      sample: 0.44
    own_p50_s:
      description: Median of the next tier under its own name, meanwhile.
      type: float
      sample: 0.2
    own_p95_s:
      description: Its 95th percentile.
      type: float
      sample: 0.28
    first_p95_s:
      description: 95th percentile of the first answers of another tier.
      type: float
      sample: 0.33
    first_extra_p95_s:
      description: How much later that is than RV(outages[].own_p95_s).
      type: float
      sample: 0.05
    first_beside_p95_s:
      description: How much later it is than the next tier's own answers to what was asked at the same time.
      type: float
      sample: 0.02
    steady_extra_p50_s:
      description: How much later the answers after them are than the next tier's own, at the median.
      type: float
      sample: 0.01
    steady_extra_p95_s:
      description: The same at the 95th percentile.
      type: float
      sample: 0.02
    refusal_p95_s:
      description: 95th percentile of the time until a client heard that nobody answers.
      type: float
      sample: 0.04
    away_s:
      description: Seconds from the outage until the tier answered again.
      type: float
      sample: 61.4
    return_s:
      description: Seconds from putting it back until then.
      type: float
      sample: 31.2
problems:
  description: What was not as promised.
  returned: when a drill ended
  type: list
  elements: str
  sample: []
table:
  description: The same for people to read.
  returned: when a drill ended
  type: list
  elements: str
  sample: ['stage   requests  answered by  failed', 'before  200       gpu 200      0']
"""

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.api import Api
from ..module_utils.cluster.cluster_options import CLUSTER_OPTIONS
from ..module_utils.cluster.kubeconfig import harmless_values
from ..module_utils.cluster.outages import SCALE, UNDONE
from ..module_utils.cluster.patience import silence
from ..module_utils.connection import require_given
from ..module_utils.errors import InvalidInput, StackError, fail
from ..module_utils.module_call import ModuleCall
from ..module_utils.probing.drill.figures import Limits
from ..module_utils.probing.drill.run import Drill, Settings, restore
from ..module_utils.probing.drill.schedule import Tier
from ..module_utils.probing.server_options import (
    SERVER_OPTIONS,
    TIER_OPTIONS,
    connector,
    read_tiers,
    require_above_zero,
    require_not_negative,
)

TIER: dict[str, dict] = {
    "name": {"type": "str", "required": True},
    "model": {"type": "str", "required": True},
    "deployment": {"type": "str", "default": ""},
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    **CLUSTER_OPTIONS,
    **SERVER_OPTIONS,
    **TIER_OPTIONS,
    "namespace": {"type": "str", "required": True},
    "tiers": {"type": "list", "elements": "dict", "options": TIER, "default": []},
    "depth": {"type": "int", "default": 1},
    "way": {"type": "str", "choices": list(UNDONE), "default": SCALE},
    "delay": {"type": "float", "default": 5.0},
    "requests": {"type": "int", "default": 200},
    "users": {"type": "int", "default": 2},
    "pause": {"type": "float", "default": 0.1},
    # Not a secret, although its name speaks of tokens.
    "max_tokens": {"type": "int", "default": 4, "no_log": False},
    "gateway": {"type": "str", "default": ""},
    "first_answers": {"type": "int", "default": 20},
    "first_limit": {"type": "float", "default": 0.2},
    "steady_limit": {"type": "float", "default": 0.05},
    "request_timeout": {"type": "float", "default": 120.0},
    "return_timeout": {"type": "float", "default": 900.0},
    "stage_timeout": {"type": "float", "default": 1800.0},
    "restore_only": {"type": "bool", "default": False},
}


def read_settings(params: dict) -> Settings:
    """The drill that is wanted. Raises InvalidInput for options that make no sense."""
    require_above_zero(
        params, "users", "max_tokens", "first_answers", "request_timeout", "return_timeout", "stage_timeout"
    )
    require_not_negative(params, "pause", "first_limit", "steady_limit")
    if not params["tiers"]:
        raise InvalidInput("tiers is empty", "Name the tiers that answer for a model.")
    found = Settings(
        namespace=params["namespace"],
        tiers=tuple(Tier(**tier) for tier in params["tiers"]),
        depth=params["depth"],
        way=params["way"],
        requests=params["requests"],
        users=params["users"],
        pause=params["pause"],
        max_tokens=params["max_tokens"],
        tier_map=read_tiers(params),
        limits=Limits(params["first_limit"], params["steady_limit"], params["first_answers"]),
        return_timeout=params["return_timeout"],
        stage_timeout=params["stage_timeout"],
        gateway=params["gateway"],
        delay=params["delay"],
        request_timeout=params["request_timeout"],
    )
    found.require_sense()
    return found


def run(module: ModuleCall, say: Callable[[str], None] = silence) -> None:
    """Answer one call. ``say`` is told what is done to the site."""
    require_given(module, "kubeconfig")
    params = module.params
    if not params["restore_only"]:
        require_given(module, "base_url")
    module.no_log_values.difference_update(harmless_values(params["kubeconfig"]))
    restored: list[str] = []
    told: dict[str, Any] = {}
    try:
        settings = None if params["restore_only"] else read_settings(params)
        if module.check_mode:
            module.exit_json(
                changed=False, skipped=True, restored=[], msg="check mode: nothing was taken away"
            )
        api = Api.from_kubeconfig(params["kubeconfig"], params["context"])
        restored = restore(api, params["namespace"])
        for line in restored:
            say(f"put back after an interrupted drill: {line}")
        if settings is not None:
            told = Drill(api, connector(params), settings, say).run()
    except StackError as error:
        fail(module, error, changed=bool(restored), restored=restored)
    if told.get("problems"):
        module.fail_json("; ".join(told["problems"]), changed=bool(restored), restored=restored, **told)
    module.exit_json(changed=bool(restored), restored=restored, **told)


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
