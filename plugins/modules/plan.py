# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: plan
short_description: Compute what a site becomes from its inventory and the catalog
version_added: 0.1.0
description:
  - Turns a list of models into all names, arguments, sizes, probes and gateway routes that the roles need.
  - Runs on the controller, reaches no host, changes nothing, and gives the same plan for the same input.
  - Every mistake in the input is named at once, each with its variable and a fix.
  - What the catalog does not know is reported in the plan's C(warnings) instead of guessed.
  - Secrets never enter the plan.
options:
  models:
    description:
      - Models to serve on GPUs, as in the variable C(inference_models).
      - An entry is the name of a model in the catalog, or a mapping with C(name) and optionally C(mode),
        C(aliases), C(served_name), C(registry_name), C(replicas), C(requirements), and any key of the
        catalog's rows.
      - C(gpus) may be V(auto), the fewest GPUs of one host that hold the model.
      - C(arguments) of an entry are added to those of the catalog; other keys replace them.
      - All entries may also be in the words of a Helm chart, with C(name), C(modelURL), C(replicaCount),
        C(requestCPU), C(requestMemory), C(requestGPU), C(limitMemory), C(pvcStorage) and C(vllmConfig).
    type: list
    elements: raw
    default: []
  default_mode:
    description:
      - Mode whose models are active, and that models without one belong to. As in C(inference_default_mode).
    type: str
    default: ml
  tiers:
    description:
      - Tiers that answer requests, as in C(inference_tiers). Keys are C(gpu), C(cpu) and C(cloud).
      - Their order is the order of fallback.
      - A tier is off when it is absent, V(false), or has C(enabled) set to V(false).
      - Only whether C(cloud.api_key) is set matters; its value is not read.
      - C(timeout) of a tier is how many seconds one request may take there. By default 300, in the cloud 120.
      - C(cloud.input_cost_per_token) and C(cloud.output_cost_per_token) are US dollars, for a model whose
        price LiteLLM does not know. Budgets of C(litellm_keys) need a price.
      - C(cpu.vision) says that the model takes pictures. Otherwise the gateway refuses a question about one,
        which Ollama would answer as if there were none.
    type: dict
    default: {gpu: {backend: vllm}}
  vllm_version:
    description:
      - Release of vLLM, as in C(inference_vllm_version). Names the official image and decides about flags.
      - Required with O(models) unless O(vllm_image) is set.
    type: str
  vllm_image:
    description: Full reference of another image, as in C(inference_vllm_image).
    type: str
  vllm_image_cuda:
    description:
      - CUDA of the image, for instance V(12.9), as in C(inference_vllm_image_cuda).
      - Needed only to compare an image that the catalog does not know, such as one of your own.
    type: str
  allow_unknown:
    description:
      - Whether to go on with a warning if the catalog does not know whether image, driver and GPU are
        compatible, as in C(inference_allow_unknown).
    type: bool
    default: false
  litellm_image:
    description: Image of the gateway, as in C(litellm_image). One that holds a banned release is refused.
    type: str
  namespace:
    description: Namespace of everything, as in C(inference_namespace).
    type: str
    default: ml
  parts:
    description:
      - Names, ports and folders that the inventory changes, by the variables of the roles, such as
        C(vllm_port), C(vllm_watchdog_port), C(vllm_service_name), C(vllm_cache_path), C(ollama_port),
        C(ollama_service_name), C(litellm_service_name), C(litellm_port), C(litellm_engine_proxy_port),
        C(litellm_service_type), C(litellm_node_port), C(litellm_ingress), the same of C(open_webui), and
        C(device_plugin_namespace). What is missing or null has the role's default.
      - C(inference_chat) says whether the site has the chat.
      - C(model_cache_path) may be a list of the GPU hosts' values, which must be the same.
    type: dict
    default: {}
  catalog:
    description:
      - Rows that are laid over the collection's catalog, as in C(inference_catalog). Mappings are merged,
        lists are replaced.
    type: dict
    default: {}
  min_gpu_memory_gb:
    description:
      - At least one card of the site must have so many GB by its nominal size, as in the variable
        C(llm_min_gpu_memory_gb). V(0) compares nothing.
    type: int
    default: 0
  inherited:
    description:
      - One chosen model in the words of an older project, such as C(vllm_model_name) and C(llm_backend),
        instead of O(models). Keys without a value count as not written.
      - C(docs/inherited_inventories.md) says what each of them means here.
    type: dict
    default: {}
  nodes:
    description:
      - Nodes of the cluster, as C(inference.stack.plan_nodes) returns them. Empty compares nothing.
      - One node must take pods without a toleration, such as CoreDNS and the gateway. The pods of each mode
        must fit with their requests of CPU and memory. Only what the site itself runs is counted.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the host in the inventory.
        type: str
      is_server:
        description: Whether it is a server.
        type: bool
      cpus:
        description: CPUs of the host. Without them its CPUs are not compared.
        type: float
      memory_bytes:
        description: Memory of the host. Without it its memory is not compared.
        type: int
      labels:
        description: Labels of the node, as in C(k3s_node_labels), and those that a kubelet sets.
        type: dict
      taints:
        description: Taints of the node, as in C(k3s_node_taints).
        type: list
        elements: str
      kubelet_arguments:
        description:
          - As in C(kubelet-arg) of C(k3s_config). What C(system-reserved), C(kube-reserved) and
            C(eviction-hard) keep is not for pods.
        type: list
        elements: str
      disabled:
        description: Packaged components that k3s does not run, as in C(k3s_disable).
        type: list
        elements: str
  workloads:
    description:
      - What pods ask for and where they may run, by the variables of the roles, such as C(litellm_resources),
        C(litellm_replicas), C(ollama_node_selector) and C(vllm_tolerations). What is missing or null has the
        role's default.
    type: dict
    default: {}
  hosts:
    description:
      - GPU hosts. The inventory's C(gpus) wins over C(pci_ids).
      - Without them memory and number of GPUs are not compared, and the plan says so.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the host in the inventory.
        type: str
      gpus:
        description:
          - Kinds of GPUs by their key in the catalog, and how many of each, as in C(inference_host_gpus).
        type: list
        elements: dict
        suboptions:
          gpu:
            description: Key of the GPU in the catalog.
            type: str
            required: true
          count:
            description: How many the host has.
            type: int
            default: 1
      pci_ids:
        description: PCI ids of the host's GPUs, for instance V(10de:2504) or V(2504).
        type: list
        elements: str
      driver:
        description:
          - Driver that is intended for the host, as in C(inference_host_driver). Either a branch such as
            V(570), or a release such as V(570.195.03).
        type: str
      driver_found:
        description:
          - Driver that is loaded now. It only decides about RV(observed), and whether a host without
            C(driver) is refused; the plan does not depend on it.
        type: str
extends_documentation_fragment:
  - inference.stack.read_only
attributes:
  platform:
    description: Where it runs.
    support: full
    platforms: posix
    details: Always on the controller.
seealso:
  - module: inference.stack.llm_health
author:
  - The inference.stack authors (@inference-stack)
"""

EXAMPLES = r"""
- name: Plan one model on one GPU with two tiers to fall back on
  inference.stack.plan:
    vllm_version: 0.8.5.post1
    models:
      - name: qwen3-8b-awq
        aliases: [vllm-qwen]
      - name: deepseek-r1-distill-qwen-7b-awq
        mode: r1
    default_mode: ml
    tiers:
      gpu: {backend: vllm}
      cpu: {backend: ollama, model: "qwen3:4b"}
      cloud: {backend: openai, model: gpt-4o-mini, api_key: "{{ vault_openai_key }}"}
    hosts:
      - name: gpu-worker
        gpus: [{gpu: rtx-3060-12gb, count: 1}]
  register: planned

- name: Plan from the inventory's own variables
  inference.stack.plan:
    models: "{{ inference_models }}"
    default_mode: "{{ inference_default_mode }}"
    tiers: "{{ inference_tiers }}"
    vllm_version: "{{ inference_vllm_version }}"
    vllm_image: "{{ inference_vllm_image }}"
    namespace: "{{ inference_namespace }}"
    catalog: "{{ inference_catalog }}"
  register: planned

- name: Ask whether an image of another CUDA runs with a driver
  inference.stack.plan:
    models: [qwen3-8b-awq]
    vllm_image: vllm/vllm-openai:v0.20.0-cu129
    hosts:
      - name: gpu-worker
        gpus: [{gpu: rtx-3060-12gb, count: 1}]
        driver: 570.195.03
        driver_found: 570.172.08
  register: planned

- name: Show why, and what the loaded driver means
  ansible.builtin.debug:
    msg: "{{ planned.plan.image_verdict.because + planned.observed.warnings }}"

- name: Show what could not be compared
  ansible.builtin.debug:
    var: planned.plan.warnings
"""

RETURN = r"""
plan:
  description: What the site becomes.
  returned: success
  type: dict
  contains:
    namespace:
      description: Namespace of everything.
      type: str
      sample: ml
    parts:
      description:
        - The table of parts, by the names that logs and port-forward know. Each row has the workload, the
          Service, its ports, its address inside the cluster, the labels of its pods, and, if it has a way in
          from outside, its address for clients as C(public_url).
        - Each model's engine is a row as well, by the name of the model.
      type: dict
      sample:
        gateway:
          part: gateway
          role: litellm
          wanted: true
          tier: ""
          namespace: ml
          kind: Deployment
          name: litellm
          workload: Deployment ml/litellm
          selector: {app.kubernetes.io/name: litellm}
          service: litellm
          service_type: NodePort
          port: 4000
          node_port: 30400
          url: http://litellm.ml.svc.cluster.local:4000
          public_url: https://llm.example.com
    mode_config_map:
      description: The ConfigMap that records which mode owns the GPU.
      type: str
      sample: inference-mode
    default_mode:
      description: Mode whose models are active.
      type: str
      sample: ml
    modes:
      description: Names of the models of each mode.
      type: dict
      sample: {ml: [qwen3-8b-awq]}
    image:
      description: Image of the engines.
      type: str
      sample: vllm/vllm-openai:v0.8.5.post1
    image_verdict:
      description:
        - The image, its release, its CUDA, and for each kind of host why it is allowed there.
        - C(bytes) is what it takes of a disk, null where the catalog does not tell.
      type: dict
      sample:
        image: vllm/vllm-openai:v0.8.5.post1
        release: 0.8.5.post1
        cuda: 12.4.1
        bytes: 25000000000
        allowed: true
        because:
          - >-
            gpu-worker (GeForce RTX 3060 12GB, driver 570.195.03): driver 570.195.03 runs CUDA 12.4.1 natively
            (from 550.54.14 on)
    vllm_version:
      description: Release of vLLM, empty when neither version nor tag tells.
      type: str
      sample: 0.8.5.post1
    identities:
      description: Every name and address of each GPU model.
      type: list
      elements: dict
      sample: [{name: qwen3-8b-awq, served_name: Qwen/Qwen3-8B-AWQ, deployment: vllm-qwen3-8b-awq}]
    vllm_models:
      description:
        - What deploys each engine, arguments and resources included, and its contract.
        - C(cache_nodes) are the nodes that may run it, where the inventory tells.
      type: list
      elements: dict
      sample: [{name: qwen3-8b-awq, deployment: vllm-qwen3-8b-awq, mode: ml, active: true}]
    ollama_models:
      description: Models of the CPU tier and where they are pulled from.
      type: list
      elements: dict
      sample: [{name: 'qwen3:4b'}]
    tiers:
      description: Tiers that are on, in the order of fallback, with their models.
      type: list
      elements: dict
      sample: [{tier: gpu, models: [Qwen/Qwen3-8B-AWQ]}, {tier: cpu, models: ['qwen3:4b']}]
    tier_map:
      description: Which tier an address belongs to.
      type: dict
      sample: {"http://ollama.ml.svc.cluster.local:11434": cpu}
    litellm_models:
      description: The gateway's models in LiteLLM's vocabulary; keys appear only as environment variables.
      type: list
      elements: dict
      sample: [{model_name: Qwen/Qwen3-8B-AWQ, model_info: {tier: gpu}}]
    litellm_engines:
      description: Servers of the site asked through the HAProxy in the gateway's pod, and their checks.
      type: list
      elements: dict
      sample:
        - name: qwen3-8b-awq-inference
          url: http://qwen3-8b-awq-inference-pods.ml.svc.cluster.local:8000
          check: /health
          check_port: 8002
    litellm_engine_proxy_port:
      description: The port of that HAProxy, inside the gateway's pod.
      type: int
      sample: 8100
    vllm_watchdog_port:
      description: The port of the watchdog in each engine's pod.
      type: int
      sample: 8002
    litellm_fallbacks:
      description: Who answers when a model cannot.
      type: list
      elements: dict
      sample: [{"Qwen/Qwen3-8B-AWQ": ["qwen3:4b"]}]
    litellm_aliases:
      description: More names at the gateway, and the served name behind each.
      type: dict
      sample: {vllm-qwen: Qwen/Qwen3-8B-AWQ}
    fallback_config:
      description: Addresses and names for programs beside the site, the data of a ConfigMap.
      type: dict
      sample: {LLM_ENDPOINT: "http://litellm.ml.svc.cluster.local:4000/v1", LLM_MODEL: Qwen/Qwen3-8B-AWQ}
    registry_models:
      description: What a platform's registry should say of each model.
      type: list
      elements: dict
      sample: [{name: llama3, backend_url: "http://llama-3-8b-inference.ml.svc.cluster.local:8000"}]
    cache:
      description:
        - The folder of the models, and the repositories and tokenizers that engines load, with their size.
        - The image of the engines (C(images)), which lies on the same disks, where its size is known.
      type: dict
      sample: {repositories: [{repository: Qwen/Qwen3-8B-AWQ, bytes: 6098853561}]}
    gated:
      description: Models whose licence has to be accepted first, and where.
      type: list
      elements: dict
      sample: []
    memory:
      description:
        - For each model and kind of GPU, how its memory is spent [bytes per GPU] and what that holds.
        - The verdict is V(fits), V(tight), V(too_small) or V(unknown).
      type: list
      elements: dict
      sample: [{model: qwen3-8b-awq, gpu: rtx-3060-12gb, verdict: fits}]
    placement:
      description:
        - For each replica one place in which the models of its mode fit side by side.
        - The host is null where GPUs are not known. Kubernetes' scheduler decides in the end.
      type: list
      elements: dict
      sample: [{model: qwen3-8b-awq, mode: ml, replica: 0, host: gpu-worker, gpu: rtx-3060-12gb, gpus: 1}]
    hosts:
      description:
        - For each GPU host its GPUs, the driver intended for it, the CUDA of the image, and the verdict on
          them with its reasons.
        - The verdict is V(ok), V(warn) or V(unknown).
      type: list
      elements: dict
      sample: [{name: gpu-worker, driver: 570.195.03, verdict: ok}]
    nodes:
      description:
        - For each node of the cluster its CPUs and memory for pods, and what one arrangement of each mode
          asks of it. Where selectors and taints leave a choice Kubernetes decides in the end.
        - C(name) is the host's in the inventory, C(node) the node's in the cluster.
        - CPUs and memory are null where the host was not looked at.
      type: list
      elements: dict
      sample:
        - name: gpu-worker
          node: gpu-worker
          cpus: 8
          memory_bytes: 33554432000
          modes: [{mode: ml, cpus: 1.5, memory_bytes: 7516192768}]
    warnings:
      description: What is worth knowing, or could not be compared.
      type: list
      elements: str
      sample: []
observed:
  description: What was measured. It is separate from the plan, which is the same for a bare host.
  returned: success
  type: dict
  contains:
    hosts:
      description: For each GPU host the driver that is wanted, the one that is loaded, and the verdict on it.
      type: list
      elements: dict
      sample: [{name: gpu-worker, wanted: 570.195.03, loaded: 570.195.03, verdict: ok}]
    warnings:
      description: What is due because of the loaded drivers.
      type: list
      elements: str
      sample:
        - >-
          inference_host_driver of gpu-worker: driver 570.172.08 is loaded, but 570.195.03 is wanted: an
          installation or a reboot is due.
"""
