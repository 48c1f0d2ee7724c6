#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Tells what stands between a host's GPU driver and its containers."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: gpu_stack_info
short_description: Report what a host has between its GPU driver and its containers
version_added: 0.1.0
description:
  - Reads device nodes, NVIDIA's container runtime, CDI specifications, the units of k3s, and what the driver
    complained about in the kernel's log since the host started (Xid).
  - M(inference.stack.gpu_info) reports what the card and the driver themselves say.
  - Absence is an answer, not a failure.
  - The kernel's log and the runtime's settings can be read completely only by C(root).
author:
  - The inference.stack authors (@inference-stack)
options:
  k3s_data_folder:
    description: Where k3s keeps its data, including the settings of its containerd.
    type: path
    default: /var/lib/rancher/k3s
extends_documentation_fragment:
  - inference.stack.host
  - inference.stack.read_only
seealso:
  - module: inference.stack.gpu_info
"""

EXAMPLES = r"""
- name: Look at what containers need of a GPU
  inference.stack.gpu_stack_info:
  become: true
  register: stack

- name: Stop when containerd does not know the runtime
  ansible.builtin.assert:
    that: stack.runtime.is_known_to_containerd
    fail_msg: Restart k3s, which searches for {{ stack.runtime.path }} only when it starts.
"""

RETURN = r"""
is_container:
  description: Whether the host is a container itself, which may not see the machine's buses.
  returned: always
  type: bool
  sample: false
kernel_modules:
  description: Loaded kernel modules that may own a GPU.
  returned: always
  type: list
  elements: str
  sample: [nvidia, nvidia_uvm]
device_nodes:
  description: Files through which programs reach the driver.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
      sample: /dev/nvidia0
    is_card:
      description: Whether it belongs to one GPU.
      type: bool
      sample: true
    is_device:
      description: Whether it is a device, and not an ordinary file in its place.
      type: bool
      sample: true
runtime:
  description: NVIDIA's container runtime.
  returned: always
  type: dict
  contains:
    path:
      description: The program; V(none) where it is not installed.
      type: str
      sample: /usr/bin/nvidia-container-runtime
    version:
      description: Its version; V(none) where it does not say.
      type: str
      sample: 1.18.0
    failure:
      description: Why it cannot start, in its own words. Empty when it can.
      type: str
      sample: ''
    mode:
      description: How it hands GPUs over, V(cdi), V(auto) or V(legacy). Empty where its settings do not say.
      type: str
      sample: cdi
    containerd_settings:
      description: The settings of containerd that were read; V(none) where there are none.
      type: str
      sample: /var/lib/rancher/k3s/agent/etc/containerd/config.toml
    is_known_to_containerd:
      description: Whether these settings name the runtime.
      type: bool
      sample: true
cdi:
  description: Specifications that describe NVIDIA GPUs to container runtimes.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
      sample: /etc/cdi/nvidia.yaml
    devices:
      description: Names under which containers ask for GPUs.
      type: list
      elements: str
      sample: ['0', all]
    missing:
      description: Files of the host that it hands over and that are not there.
      type: list
      elements: str
      sample: []
    driver_version:
      description: Release of the driver that it was written for; V(none) where it names no library.
      type: str
      sample: 570.195.03
services:
  description: Units of k3s that are installed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The unit.
      type: str
      sample: k3s-agent
    state:
      description: Its state.
      type: str
      sample: active
    detail:
      description: systemd's more detailed name of the state.
      type: str
      sample: running
kernel_log:
  description: Reports of the driver in the kernel's log since the host started.
  returned: always
  type: dict
  contains:
    is_readable:
      description: Whether the log could be read.
      type: bool
      sample: true
    xids:
      description: The newest reports, equal ones counted.
      type: list
      elements: dict
      contains:
        number:
          description: NVIDIA's number of the error.
          type: int
          sample: 79
        bus_id:
          description: Place of the GPU on the PCI bus.
          type: str
          sample: '0000:01:00'
        message:
          description: The report's words.
          type: str
          sample: pid='<unknown>', name=<unknown>, GPU has fallen off the bus.
        count:
          description: How often it was reported.
          type: int
          sample: 1
        is_from_program:
          description: Whether a program's own fault causes it, and the GPU goes on working.
          type: bool
          sample: false
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.hosts.stack_facts import Sources, collect


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"k3s_data_folder": {"type": "path", "default": "/var/lib/rancher/k3s"}},
        supports_check_mode=True,
    )
    k3s = f"{module.params['k3s_data_folder']}/agent/etc/containerd/config.toml"
    sources = Sources(containerd_settings=(k3s, "/etc/containerd/config.toml"))
    module.exit_json(changed=False, **collect(sources))


if __name__ == "__main__":
    main()
