#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Tells in one look what a host has of k3s, and what differs from what it should have."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_info
short_description: Report what a host has of k3s and what differs from the wanted state
version_added: 0.1.0
description:
  - Reads release, service, token, files, the kubelet's health and the node at once, so that a role needs to
    act only where something differs.
  - A host without k3s is a normal answer, not a failure.
author:
  - The inference.stack authors (@inference-stack)
options:
  role:
    description: What the host is in the cluster.
    type: str
    choices: [server, agent]
    required: true
  binary:
    description: Path of the k3s binary.
    type: path
    default: /usr/local/bin/k3s
  data_folder:
    description: Where k3s keeps its data.
    type: path
    default: /var/lib/rancher/k3s
  token:
    description: Token to compare with the one that a server was created with. It is never returned.
    type: str
    default: ''
  tools:
    description: Names that may become links to the binary, beside it.
    type: list
    elements: str
    default: [kubectl, crictl, ctr]
  watched:
    description: Shell patterns of the files that a running k3s has read.
    type: list
    elements: str
    default: []
  node:
    description:
      - The node as it should be. It is asked for on the host itself, and only while the kubelet is healthy.
      - M(inference.stack.k3s_node_info) asks on another host.
    type: dict
    suboptions:
      name:
        description: Name of the node in the cluster.
        type: str
        required: true
      labels:
        description: Labels that it should have, values as strings.
        type: dict
        default: {}
      taints:
        description: Taints that it should have, as C(key=value:Effect).
        type: list
        elements: str
        default: []
  since:
    description: State of the service before its start, to see whether this start succeeds.
    type: dict
    suboptions:
      invocation:
        description: C(InvocationID) of the service then. Only a later one counts as up.
        type: str
        default: ''
      restarts:
        description: C(NRestarts) of the service then.
        type: int
        default: 0
  surroundings:
    description: What the host has to let through, and what time it is. Nobody looks around without it.
    type: dict
    suboptions:
      ports:
        description: Ports that have to be open, as C(PORT/PROTOCOL).
        type: list
        elements: str
        default: []
      networks:
        description: Networks of pods and Services, which have to be let through.
        type: list
        elements: str
        default: []
      reference_time:
        description: Seconds since the epoch, by a clock that is right. 0 compares nothing.
        type: float
        default: 0
  with_journal:
    description: Whether to read the errors of k3s since its latest start.
    type: bool
    default: false
extends_documentation_fragment:
  - inference.stack.host
  - inference.stack.paths
  - inference.stack.read_only
"""

EXAMPLES = r"""
- name: Look at k3s
  inference.stack.k3s_info:
    role: agent
    paths:
      - {path: /usr/local/bin/k3s, mode: "0755", checksum: "{{ k3s_checksum }}"}
    watched:
      - /usr/local/bin/k3s
      - /etc/rancher/k3s/config.yaml
  register: k3s

- name: Say what is older than its files
  ansible.builtin.debug:
    msg: "k3s has not read yet: {{ k3s.newer_files | join(', ') }}"
  when: k3s.newer_files | length > 0
"""

RETURN = r"""
architecture:
  description: The machine's name for its architecture.
  returned: success
  type: str
  sample: x86_64
runs_systemd:
  description: Whether systemd is the host's first process.
  returned: success
  type: bool
  sample: true
version:
  description: Release that the binary reports; empty without one.
  returned: success
  type: str
  sample: v1.34.2+k3s1
plays_other_part:
  description: Whether the host has the service of the other role.
  returned: success
  type: bool
  sample: false
foreign:
  description: A k3s that the role k3s did not set up. Values are left out, because they may be secrets.
  returned: success
  type: dict
  contains:
    files:
      description: Its units and its configuration; none where there is no such k3s.
      type: list
      elements: str
      sample: [/etc/systemd/system/k3s.service]
    problem:
      description: Why it cannot be taken over; empty otherwise.
      type: str
      sample: ''
    settings:
      description: Names of its options and variables.
      type: list
      elements: str
      sample: [cluster-init, disable]
    node_name:
      description: Name of its node.
      type: str
      sample: box
    data_folder:
      description: Where it keeps its data; empty for k3s's own place.
      type: str
      sample: ''
token_matches:
  description: Whether O(token) is the one that the server was created with. V(true) where there is none yet.
  returned: success
  type: bool
  sample: true
differing:
  description: Those of O(paths) that are not as wanted, the missing ones included.
  returned: success
  type: list
  elements: str
  sample: [/etc/rancher/k3s/config.yaml]
missing:
  description: Those of O(paths) that are not there.
  returned: success
  type: list
  elements: str
  sample: []
free_tools:
  description: Those of O(tools) that no program of the host has as its name.
  returned: success
  type: list
  elements: str
  sample: [crictl]
configured_name:
  description: Name of the node in the configuration that is there; empty without one.
  returned: success
  type: str
  sample: gpu
surroundings:
  description: What stands in the way of k3s; empty without O(surroundings).
  returned: success
  type: dict
  contains:
    firewall:
      description: The firewall that is on, and the commands that let through what is not let through yet.
      type: dict
      sample: {name: ufw, missing: ["ufw allow 6443/tcp"]}
    selinux_blocks:
      description: Whether SELinux is enforcing and lacks the policy of k3s.
      type: bool
      sample: false
    memory_cgroup:
      description: Whether the kernel accounts for memory, without which no kubelet starts.
      type: bool
      sample: true
    clock:
      description: Whether the clock is synchronised (none where nobody knows), and how far it is ahead.
      type: dict
      sample: {synchronised: true, ahead_s: 0}
unit:
  description: Properties of the service, in systemd's own words.
  returned: success
  type: dict
  sample: {LoadState: loaded, UnitFileState: enabled, ActiveState: active, SubState: running}
newer_files:
  description: Files of O(watched) that changed after the running process started.
  returned: success
  type: list
  elements: str
  sample: [/etc/rancher/k3s/config.yaml]
service:
  description: How far the service has come.
  returned: success
  type: dict
  contains:
    is_up:
      description: Whether it is active and its kubelet healthy; with O(since), since then.
      type: bool
      sample: true
    gave_up:
      description: Whether it is not up and was restarted by systemd five times, with O(since) since then.
      type: bool
      sample: false
    told:
      description: Its kubelet's and systemd's own words.
      type: str
      sample: Kubelet=ok ActiveState=active SubState=running Result=success NRestarts=0
node:
  description: What the API server says of the node.
  returned: success
  type: dict
  contains:
    answers:
      description: Whether the node is known; V(false) also where nobody asked.
      type: bool
      sample: true
    ready:
      description: Whether its condition Ready is true.
      type: bool
      sample: true
    told:
      description: Its conditions, or why they are not known.
      type: list
      elements: str
      sample: ["Ready=True: kubelet is posting ready status"]
    changes:
      description: Arguments for kubectl that set the wanted labels and taints.
      type: dict
      contains:
        labels:
          description: Words for C(kubectl label).
          type: list
          elements: str
          sample: [nvidia.com/gpu=true]
        taints:
          description: Words for C(kubectl taint).
          type: list
          elements: str
          sample: ["gpu=true:NoSchedule"]
        annotation:
          description: The word for C(kubectl annotate), which records what was set; empty where it is right.
          type: str
          sample: ''
        beyond_kubelet:
          description: Those of the labels and taints that only an administrator may change.
          type: list
          elements: str
          sample: ["gpu=true:NoSchedule"]
complaints:
  description: The last errors of the service's journal, or else its last lines. Only with O(with_journal).
  returned: success
  type: list
  elements: str
  sample: ["level=fatal msg=\"starting kubernetes: bind: address already in use\""]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.hosts.k3s.node import NODE_OPTIONS
from ..module_utils.hosts.k3s.state import Places, Wanted, look
from ..module_utils.hosts.system.paths import PATH_OPTIONS

ARGUMENTS: dict[str, dict[str, Any]] = {
    "role": {"type": "str", "choices": ["server", "agent"], "required": True},
    "binary": {"type": "path", "default": "/usr/local/bin/k3s"},
    "data_folder": {"type": "path", "default": "/var/lib/rancher/k3s"},
    "token": {"type": "str", "default": "", "no_log": True},
    "tools": {"type": "list", "elements": "str", "default": ["kubectl", "crictl", "ctr"]},
    "watched": {"type": "list", "elements": "str", "default": []},
    "paths": PATH_OPTIONS,
    "node": {"type": "dict", "options": NODE_OPTIONS},
    "since": {
        "type": "dict",
        "options": {
            "invocation": {"type": "str", "default": ""},
            "restarts": {"type": "int", "default": 0},
        },
    },
    "surroundings": {
        "type": "dict",
        "options": {
            "ports": {"type": "list", "elements": "str", "default": []},
            "networks": {"type": "list", "elements": "str", "default": []},
            "reference_time": {"type": "float", "default": 0},
        },
    },
    "with_journal": {"type": "bool", "default": False},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    wanted = Wanted(**{name: module.params[name] for name in Wanted._fields})
    module.exit_json(changed=False, **look(wanted, Places()))


if __name__ == "__main__":
    main()
