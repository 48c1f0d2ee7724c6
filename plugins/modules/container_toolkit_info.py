#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Tells in one look what a host has of the NVIDIA Container Toolkit, and what differs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_toolkit_info
short_description: Report what a host has of the NVIDIA Container Toolkit
version_added: 0.1.0
description:
  - Reads system, driver, packages, files, what C(nvidia-ctk) would write, and whether k3s knows the runtime,
    all at once, so that a role needs to act only where something differs.
  - A host without driver or toolkit is a normal answer, not a failure.
author:
  - The inference.stack authors (@inference-stack)
options:
  packages:
    description: Packages whose state is asked for.
    type: list
    elements: str
    required: true
  release:
    description: Version of the packages that is installed where there is none.
    type: str
    required: true
  repository_url:
    description: Address of the apt repository, to find it under other names.
    type: str
    required: true
  repository_suites:
    description: Suites of that repository, separated by spaces.
    type: str
    default: /
  sources_file:
    description: The file that the role would write.
    type: path
    required: true
  mode:
    description: Mode of the runtime that the configuration should have.
    type: str
    choices: [auto, cdi, legacy]
    default: auto
  config_file:
    description: The runtime's configuration.
    type: path
    default: /etc/nvidia-container-runtime/config.toml
  spec_file:
    description: The CDI specification of the host's GPUs.
    type: path
    default: /etc/cdi/nvidia.yaml
  k3s_data_folder:
    description: Where k3s keeps its data.
    type: path
    default: /var/lib/rancher/k3s
extends_documentation_fragment:
  - inference.stack.host
  - inference.stack.paths
  - inference.stack.read_only
attributes:
  platform:
    platforms: debian
"""

EXAMPLES = r"""
- name: Read the container toolkit's state
  inference.stack.container_toolkit_info:
    packages: [nvidia-container-toolkit]
    release: 1.18.2-1
    repository_url: https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH)
    sources_file: /etc/apt/sources.list.d/nvidia-container-toolkit.sources
  register: toolkit

- name: Say which version is there
  ansible.builtin.debug:
    msg: "{{ toolkit.packages['nvidia-container-toolkit'].version | default('none') }}"
"""

RETURN = r"""
system:
  description: The distribution, as C(/etc/os-release) names it.
  returned: success
  type: dict
  contains:
    id:
      description: Name of the distribution, in lower case.
      type: str
      sample: debian
    version:
      description: Its release.
      type: str
      sample: '12'
    family:
      description: Its name, and the names of those that it is made from.
      type: list
      elements: str
      sample: [linuxmint, ubuntu, debian]
driver_found:
  description: Whether the loader finds the driver's C(libnvidia-ml.so.1).
  returned: success
  type: bool
  sample: true
other_sources:
  description: Files of apt, other than O(sources_file), in which the repository is switched on.
  returned: success
  type: list
  elements: str
  sample: [/etc/apt/sources.list.d/nvidia-container-toolkit.list]
packages:
  description: Those of O(packages) that are installed, and C(python3-apt) if it is.
  returned: success
  type: dict
  sample: {nvidia-container-toolkit: {version: 1.18.2-1, held: true}}
newer_version:
  description: The newest version among O(packages) that is newer than O(release); empty where none is.
  returned: success
  type: str
  sample: 1.20.0-1
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
toolkit_found:
  description: Whether C(nvidia-ctk) is there.
  returned: success
  type: bool
  sample: true
config:
  description: The runtime's configuration.
  returned: success
  type: dict
  contains:
    wanted:
      description: What C(nvidia-ctk) computes for O(mode); empty without it.
      type: str
      sample: |
        [nvidia-container-runtime]
        mode = "auto"
    problem:
      description: Why C(nvidia-ctk) computes nothing; empty otherwise.
      type: str
      sample: ''
    differs:
      description: Whether O(config_file) is something else, or is not root's to write alone.
      type: bool
      sample: false
spec:
  description: The CDI specification. Only looked at with O(mode=cdi), a toolkit and a driver.
  returned: success
  type: dict
  contains:
    wanted:
      description: What C(nvidia-ctk) finds.
      type: str
      sample: |
        cdiVersion: 0.5.0
        kind: nvidia.com/gpu
    problem:
      description: Why it finds nothing; empty otherwise.
      type: str
      sample: ''
    present:
      description: Content of O(spec_file); empty where it is not.
      type: str
      sample: |
        cdiVersion: 0.5.0
        kind: nvidia.com/gpu
    shadows:
      description:
        - Specifications in C(/var/run/cdi), which win over C(/etc/cdi), that name files which are gone.
      type: list
      elements: str
      sample: []
k3s:
  description: What k3s knows of the runtime.
  returned: success
  type: dict
  contains:
    unit:
      description: The service of k3s that runs; empty when none does.
      type: str
      sample: k3s-agent.service
    knows_runtime:
      description:
        - Whether its containerd's configuration names the runtime; V(none) when there is no such file.
      type: bool
      sample: true
    runtime_found:
      description: Whether C(nvidia-container-runtime) is there to be found.
      type: bool
      sample: true
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.hosts.containers.toolkit import Places, Wanted, look
from ..module_utils.hosts.system.paths import PATH_OPTIONS

ARGUMENTS: dict[str, dict[str, Any]] = {
    "packages": {"type": "list", "elements": "str", "required": True},
    "release": {"type": "str", "required": True},
    "repository_url": {"type": "str", "required": True},
    "repository_suites": {"type": "str", "default": "/"},
    "sources_file": {"type": "path", "required": True},
    "mode": {"type": "str", "choices": ["auto", "cdi", "legacy"], "default": "auto"},
    "config_file": {"type": "path", "default": "/etc/nvidia-container-runtime/config.toml"},
    "spec_file": {"type": "path", "default": "/etc/cdi/nvidia.yaml"},
    "k3s_data_folder": {"type": "path", "default": "/var/lib/rancher/k3s"},
    "paths": PATH_OPTIONS,
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    wanted = Wanted(**{name: module.params[name] for name in Wanted._fields})
    module.exit_json(changed=False, **look(wanted, Places()))


if __name__ == "__main__":
    main()
