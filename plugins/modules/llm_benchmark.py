#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Measures how fast a served model answers."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: llm_benchmark
short_description: Measure how fast a served model answers
version_added: 0.1.0
description:
  - Asks an OpenAI-compatible server (a vLLM engine, Ollama, a LiteLLM gateway) for streamed answers and
    measures them from the client's side.
  - In a closed loop O(concurrency) users ask again as soon as they have their answer. In an open loop
    (O(request_rate) above 0) requests come at random moments that are fixed before the run, however fast
    the server is, and every time counts from the moment at which the request was due.
  - Names and definitions are those of C(vllm bench serve), so results compare. Where they differ, the
    description of the figure says so.
  - Tokens are counted by the server. Where it does not count, they are estimated, and
    RV(figures.tokens_estimated) says so.
  - Every prompt begins with words of its own, because servers cache prompts (see O(unique_prompts)).
  - If the client could not keep up, its figures say nothing about the server. The module watches itself and
    says so in RV(figures.client_limited).
options:
  model:
    description:
      - Served name of the model, as a client would ask for it.
    type: str
    required: true
  concurrency:
    description:
      - Users of a closed loop. In an open loop, the most requests that are answered at once.
      - Each is a thread with a connection of its own.
    type: int
    default: 1
  request_rate:
    description:
      - Requests a second of an open loop, at random moments (a Poisson process). V(0) makes a closed loop.
    type: float
    default: 0
  requests:
    description: Requests in all.
    type: int
    default: 32
  duration:
    description:
      - Seconds after which no further request begins. V(0) sets no limit.
    type: float
    default: 0
  warmup:
    description: Requests of each slot before anything is measured.
    type: int
    default: 1
  processes:
    description:
      - Processes of the client. V(0) takes one for each 64 streams or 3,000 chunks a second, but no more than
        there are cores.
    type: int
    default: 0
  dataset:
    description:
      - V(random) makes prompts of O(input_tokens), V(shared_prefix) puts a common part of O(prefix_tokens)
        before them, as a system prompt would be, V(file) reads O(dataset_path).
    type: str
    choices: [random, file, shared_prefix]
    default: random
  dataset_path:
    description:
      - File with one JSON object per line, each with C(prompt) or C(messages), and perhaps C(output_tokens).
      - It is on the host that runs the module.
    type: path
  input_tokens:
    description:
      - Tokens of a prompt. The server's own count of two small prompts shows how many words that takes.
    type: int
    default: 128
  output_tokens:
    description:
      - The most tokens of an answer (C(max_tokens)).
    type: int
    default: 128
  prefix_tokens:
    description: Tokens of the common part with O(dataset=shared_prefix).
    type: int
    default: 0
  spread:
    description:
      - How far lengths vary. V(0.2) means evenly between 80 and 120 percent of O(input_tokens) and
        O(output_tokens).
    type: float
    default: 0
  ignore_eos:
    description:
      - Whether answers go on until O(output_tokens) (C(ignore_eos) and C(min_tokens)). Only vLLM knows that.
    type: bool
    default: false
  unique_prompts:
    description:
      - Whether every prompt begins with words that no prompt had before. V(false) sends the same prompts in
        every run, and those of a file unchanged, so a server may have cached them.
    type: bool
    default: true
  extra_body:
    description: More keys of each request, for instance C(chat_template_kwargs).
    type: dict
    default: {}
  seed:
    description:
      - Fixes lengths, words and moments of requests. The first words of prompts differ in each run all the
        same (see O(unique_prompts)).
    type: int
    default: 0
  slo:
    description:
      - The longest times of a good answer, for RV(figures.request_goodput).
    type: dict
    suboptions:
      ttft:
        description: Milliseconds to the first token.
        type: float
      tpot:
        description: Milliseconds for each token after the first.
        type: float
      e2el:
        description: Milliseconds to the last token.
        type: float
  expected_tier:
    description:
      - Tier that has to answer. If another tier answers, the module fails.
      - Answers that do not name their tier count as expected.
      - Needs O(tier_map).
    type: str
    default: ''
  details:
    description: Whether to return every request's times, too.
    type: bool
    default: false
  request_timeout:
    description:
      - Seconds that one request may take in all, however slowly its answer arrives.
    type: float
    default: 300
  proxy:
    description:
      - Address of a proxy to go through. Those of the environment are not used.
    type: str
    default: ''
extends_documentation_fragment:
  - inference.stack.read_only
  - inference.stack.server
  - inference.stack.server.tiers
attributes:
  check_mode:
    support: partial
    details:
      - It changes nothing, but it keeps a server busy that others use. In check mode it checks its options,
        asks nothing and is skipped. Set C(check_mode=false) on the task to measure anyway.
notes:
  - Run it where clients are. On the GPU host it would take CPU time from the engine.
seealso:
  - module: inference.stack.llm_health
  - module: inference.stack.benchmark_history
author:
  - The inference.stack authors (@inference-stack)
"""

EXAMPLES = r"""
- name: Four users, each with one question after the other
  inference.stack.llm_benchmark:
    base_url: http://127.0.0.1:8000
    model: Qwen/Qwen3-8B-AWQ
    concurrency: 4
    requests: 64
    ignore_eos: true

- name: Two requests a second through the gateway, and how many of them are answered well
  inference.stack.llm_benchmark:
    base_url: http://192.0.2.10:30400/v1
    api_key: "{{ gateway_key }}"
    model: vllm-qwen
    request_rate: 2
    concurrency: 64
    requests: 120
    input_tokens: 512
    spread: 0.5
    slo:
      ttft: 500
      tpot: 40

- name: Questions about one long document
  inference.stack.llm_benchmark:
    base_url: http://127.0.0.1:8000
    model: Qwen/Qwen3-8B-AWQ
    dataset: shared_prefix
    prefix_tokens: 4000
    input_tokens: 50
    concurrency: 8

- name: Own prompts
  inference.stack.llm_benchmark:
    base_url: http://127.0.0.1:11434
    model: qwen3:4b
    dataset: file
    dataset_path: /srv/prompts.jsonl
    requests: 20
"""

RETURN = r"""
figures:
  description:
    - What was measured, flat, under the names of C(vllm bench serve).
    - For each of C(ttft), C(ttfot), C(first_byte), C(tpot), C(itl), C(icl) and C(e2el) there are
      C(mean_NAME_ms), C(median_NAME_ms), C(std_NAME_ms), C(p50_NAME_ms), C(p90_NAME_ms), C(p95_NAME_ms) and
      C(p99_NAME_ms); null where nothing could be measured.
    - C(ttft) is the time to the first token, C(ttfot) to the first visible content (a model may think before
      it), C(first_byte) to the head of the answer, C(e2el) to the last token, C(tpot) that for each token
      after the first.
    - C(icl) is the gap between two chunks. C(itl), the gap between two tokens, is known only where a chunk
      holds about one token.
  returned: success
  type: dict
  contains:
    client_version:
      description: Version of the meaning of the figures.
      type: str
      sample: "1"
    model_id:
      description: Served name that was asked for.
      type: str
      sample: Qwen/Qwen3-8B-AWQ
    max_concurrency:
      description: O(concurrency).
      type: int
      sample: 4
    request_rate:
      description: O(request_rate), V(inf) in a closed loop.
      type: raw
      sample: inf
    num_prompts:
      description: O(requests).
      type: int
      sample: 32
    dataset:
      description: O(dataset).
      type: str
      sample: random
    input_tokens:
      description: O(input_tokens).
      type: int
      sample: 128
    output_tokens:
      description: O(output_tokens).
      type: int
      sample: 128
    prefix_tokens:
      description: O(prefix_tokens).
      type: int
      sample: 0
    spread:
      description: O(spread).
      type: float
      sample: 0.0
    ignore_eos:
      description: O(ignore_eos).
      type: bool
      sample: true
    unique_prompts:
      description: O(unique_prompts).
      type: bool
      sample: true
    duration:
      description: Seconds from the start to the end of the last answer.
      type: float
      sample: 19.7
    completed:
      description: Requests that succeeded.
      type: int
      sample: 32
    failed:
      description: Requests that did not.
      type: int
      sample: 0
    errors:
      description: Why requests failed, the most frequent reasons first.
      type: list
      elements: dict
      contains:
        message:
          description: The reason.
          type: str
          sample: HTTP 429
        count:
          description: How often.
          type: int
          sample: 2
    total_input_tokens:
      description: Tokens of the prompts that were answered.
      type: int
      sample: 4096
    total_output_tokens:
      description: Tokens of the answers.
      type: int
      sample: 4096
    request_throughput:
      description: Answers a second.
      type: float
      sample: 1.62
    output_throughput:
      description: Tokens of answers a second.
      type: float
      sample: 61.3
    total_token_throughput:
      description: Tokens of prompts and answers a second.
      type: float
      sample: 415.8
    request_goodput:
      description: Answers a second that met O(slo), null without one.
      type: float
      sample: 1.62
    tokens_per_chunk:
      description: Tokens that one chunk of a stream held on average.
      type: float
      sample: 1.0
    tokens_estimated:
      description: Whether the server did not count, so that each chunk was taken for one token.
      type: bool
      sample: false
    tiers:
      description: How many answers each tier gave.
      type: dict
      sample: {gpu: 64}
    client_limited:
      description: Whether the client could not keep up. Then the figures describe the client, not the server.
      type: bool
      sample: false
    client_limits:
      description: What the client could not keep up with, and what helps.
      type: list
      elements: str
      sample: []
    client_processes:
      description: Processes of the client.
      type: int
      sample: 1
    client_cpu_per_wall:
      description: Part of the time that the busiest process of the client computed.
      type: float
      sample: 0.12
    client_lag_p99_ms:
      description: How late a thread of the client woke (99th percentile).
      type: float
      sample: 0.4
    dispatch_lag_p99_ms:
      description: How long after their moment requests of an open loop were sent (99th percentile).
      type: float
      sample: 0.0
details:
  description:
    - Every request, in seconds, under the names of vLLM's detailed results (C(input_lens), C(output_lens),
      C(ttfts), C(itls), C(latencies), C(start_times), C(errors)). Empty without O(details).
  returned: success
  type: dict
  sample: {output_lens: [128], ttfts: [0.085], latencies: [2.09]}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.benchmarking.load_options import ARGUMENTS, read_settings
from ..module_utils.benchmarking.run import benchmark
from ..module_utils.connection import require_given
from ..module_utils.errors import StackError, fail


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    require_given(module, "base_url")
    try:
        settings = read_settings(module.params)
        if module.check_mode:
            module.exit_json(changed=False, skipped=True, msg="check mode: nothing was asked")
        measured = benchmark(settings, module.params["details"])
    except StackError as error:
        fail(module, error, changed=False)
    module.exit_json(changed=False, **measured)


if __name__ == "__main__":
    main()
