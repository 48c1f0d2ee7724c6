# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: propose_site
short_description: Propose models and an inventory for machines that were looked at
version_added: 0.1.0
description:
  - For C(playbooks/init.yml). Plans every model of the catalog on the GPUs that were found, with the newest
    release of vLLM that runs with their drivers, and proposes the best one.
  - One that fits comes before one that fits tightly, then the larger, then the one that can do more. Models
    whose licence has to be accepted first are left out.
  - The CPU tier gets a model that Ollama has and that fits into half of the server's memory.
  - Returns the files of C(inventories/example) with the site's own values. It writes nothing and makes no
    secret.
options:
  server:
    description: Address of the k3s server.
    type: str
    required: true
  gpus:
    description: Addresses of the hosts with GPUs, parted by commas. Without any, the server has the GPU.
    type: str
    default: ""
  user:
    description: The user that SSH logs in as.
    type: str
    default: ""
  seen:
    description: What the machines said of themselves.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The machine, as P(inference.stack.site_machines#filter) calls it.
        type: str
        required: true
      reason:
        description: Why nothing is known of it.
        type: str
      pci_ids:
        description: PCI ids of its GPUs. Null is unknown.
        type: list
        elements: str
      driver:
        description: The driver that is loaded.
        type: str
      memory_bytes:
        description: Its memory.
        type: int
      cores:
        description: Its cores.
        type: int
      free_bytes:
        description: What is free on the disk of the model cache.
        type: int
      sudo:
        description: V(free), V(asks) or why nobody becomes root there. Empty is unknown.
        type: str
  reserve_bytes:
    description: Bytes of the disk that stay free beside a model.
    type: int
    default: 0
  folder:
    description: The site's folder.
    type: path
    required: true
  playbooks:
    description: The folder of the playbooks, for the next commands.
    type: path
    required: true
  password_file:
    description:
      - The file with the vault's password, for the next commands. Git ignores it if it is in O(folder).
      - Empty where nobody knows of one.
    type: path
    default: ""
  state:
    description: Whether the site is written, was there before and is kept, or is only checked.
    type: str
    choices: [written, kept, checked]
    default: written
extends_documentation_fragment:
  - inference.stack.controller
seealso:
  - module: inference.stack.plan
author:
  - The inference.stack authors (@inference-stack)
"""

EXAMPLES = r"""
- name: Propose a site
  inference.stack.propose_site:
    server: 192.0.2.10
    gpus: 192.0.2.11
    user: admin
    folder: "{{ 'inventories/home' | realpath }}"
    playbooks: "{{ playbook_dir }}"
    seen:
      - {name: server, memory_bytes: 17179869184, cores: 4, sudo: asks}
      - name: gpu
        pci_ids: ["10de:2504"]
        driver: 570.195.03
        memory_bytes: 34359738368
        cores: 8
        sudo: asks
  register: proposed
"""

RETURN = r"""
model:
  description: The model for the GPU tier, empty where none is proposed.
  returned: success
  type: str
  sample: qwen3-8b-awq
vllm_version:
  description: The release of vLLM for it.
  returned: success
  type: str
  sample: 0.11.0
ollama_model:
  description: The model of the CPU tier, empty where none is proposed.
  returned: success
  type: str
  sample: qwen3:8b
files:
  description: The files of the site, C(hosts.yml) last.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Path in the site's folder.
      type: str
      sample: group_vars/all/inference.yml
    content:
      description: The whole text.
      type: str
      sample: "inference_models: []"
text:
  description: What was found and proposed, what needs attention, and the next commands.
  returned: success
  type: str
  sample: "FOUND"
"""
