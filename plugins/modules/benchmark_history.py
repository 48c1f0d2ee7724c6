# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: benchmark_history
short_description: Note figures of a benchmark and compare them with earlier ones
version_added: 0.1.0
description:
  - Appends one line of JSON to a file on the controller and compares each load's tokens a second with earlier
    runs of the same GPU, image, model, arguments, client version and workload.
  - The earlier runs show how much such figures vary without a reason. A value below their median
    by more than that is a drop; it is noted, and the task fails with both numbers.
  - Values of a drop, and of a client that could not keep up, do not count as earlier runs.
options:
  path:
    description:
      - File of the history. It is created with its folder if it does not exist.
    type: path
    required: true
  gpu:
    description: GPUs that served.
    type: str
    required: true
  image:
    description: Image of the engine.
    type: str
    required: true
  model:
    description: Served name of the model.
    type: str
    required: true
  arguments:
    description: Arguments of the engine.
    type: list
    elements: str
    default: []
  points:
    description:
      - RV(inference.stack.llm_benchmark#module:figures), one for each load of the run.
    type: list
    elements: dict
    required: true
  context:
    description: Other facts worth keeping, for instance the driver. They are noted, not compared.
    type: dict
    default: {}
  minimum_runs:
    description: Number of earlier runs that are needed before a run is judged.
    type: int
    default: 5
  accept:
    description:
      - Whether this run is the new reference, whatever it shows. Earlier ones no longer count.
    type: bool
    default: false
  fail_on_drop:
    description: Whether a drop fails the task. RV(drops) names it in any case.
    type: bool
    default: true
extends_documentation_fragment:
  - inference.stack.controller
attributes:
  check_mode:
    details: It compares and fails as otherwise, and notes nothing.
seealso:
  - module: inference.stack.llm_benchmark
  - plugin: inference.stack.benchmark_table
    plugin_type: filter
author:
  - The inference.stack authors (@inference-stack)
"""

EXAMPLES = r"""
- name: Measure with one and with four users
  inference.stack.llm_benchmark:
    base_url: http://127.0.0.1:8000
    model: Qwen/Qwen3-8B-AWQ
    concurrency: "{{ item }}"
  loop: [1, 4]
  register: measured

- name: Note and compare
  inference.stack.benchmark_history:
    path: ~/benchmark_history.jsonl
    gpu: rtx-3060-12gb
    image: vllm/vllm-openai:v0.8.5.post1
    model: Qwen/Qwen3-8B-AWQ
    arguments: [--max-model-len, "8192"]
    points: "{{ measured.results | map(attribute='figures') }}"
  register: noted
"""

RETURN = r"""
path:
  description: File of the history.
  returned: success
  type: str
  sample: /srv/inference/.benchmark_history.jsonl
entry:
  description: The line, as a mapping.
  returned: success
  type: dict
  contains:
    format:
      description: Version of the form of a line.
      type: int
      sample: 1
    time:
      description: When it was noted, in UTC.
      type: str
      sample: "2026-01-31T12:00:00Z"
    key:
      description: Digest of everything that has to be equal in runs that are compared.
      type: str
      sample: 9f2c61d07a3b
    gpu:
      description: O(gpu).
      type: str
      sample: rtx-3060-12gb
    image:
      description: O(image).
      type: str
      sample: vllm/vllm-openai:v0.8.5.post1
    model:
      description: O(model).
      type: str
      sample: Qwen/Qwen3-8B-AWQ
    arguments:
      description: O(arguments).
      type: list
      elements: str
      sample: [--max-model-len, '8192']
    arguments_hash:
      description: Digest of O(arguments).
      type: str
      sample: 5d41402abc4b
    client_version:
      description: That of the figures.
      type: str
      sample: '1'
    workload:
      description: What was asked, from the figures.
      type: dict
      sample: {dataset: random, input_tokens: 128, output_tokens: 128}
    context:
      description: O(context).
      type: dict
      sample: {driver: 570.195.03}
    points:
      description: O(points).
      type: list
      elements: dict
      sample: [{max_concurrency: 1, output_throughput: 61.3}]
    judgements:
      description:
        - For each point C(verdict), C(value), and the C(median), C(noise) and number of C(runs) before.
        - The verdict is V(recorded) (too few runs before), V(ok), V(drop), V(accepted) or V(client_limited).
      type: list
      elements: dict
      sample: [{verdict: ok, value: 61.3, median: 60.9, noise: 1.2, runs: 6}]
    accepted:
      description: O(accept).
      type: bool
      sample: false
drops:
  description: What is slower than before, with both numbers.
  returned: success
  type: list
  elements: str
  sample: ['Qwen/Qwen3-8B-AWQ, 1 at once: 48.1 tokens/s, before 60.9 ± 1.2']
"""
