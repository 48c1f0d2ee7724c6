#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Tells in one look what a host has of k3s, and what differs from what it should have."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_info
short_description: Tell what a host has of k3s and what differs from what it should have
version_added: 0.1.0
description:
  - Reads release, service, token, files and the kubelet's health at once, so that a role needs to act only
    where something differs.
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
    description: Where the k3s binary lies.
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
    description: Names beside the binary that may become links to it.
    type: list
    elements: str
    default: [kubectl, crictl, ctr]
  watched:
    description: Shell patterns of the files that a running k3s has read.
    type: list
    elements: str
    default: []
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
  sample: []
missing:
  description: Those of O(paths) that are not there.
  returned: success
  type: list
  elements: str
  sample: []
free_tools:
  description: Those of O(tools) whose names nobody uses yet.
  returned: success
  type: list
  elements: str
  sample: [crictl]
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
kubelet_healthy:
  description: Whether the kubelet answers its health check.
  returned: success
  type: bool
  sample: true
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

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
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    wanted = Wanted(**{name: module.params[name] for name in Wanted._fields})
    module.exit_json(changed=False, **look(wanted, Places()))


if __name__ == "__main__":
    main()
