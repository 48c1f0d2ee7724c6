#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Tells which GPUs a host has and what bus and driver say of them."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: gpu_info
short_description: Report which GPUs a host has and what bus and driver say about them
version_added: 0.1.0
description:
  - Reads the PCI bus, Thunderbolt, the loaded kernel module and NVIDIA's management library (NVML).
  - Does not need C(nvidia-smi).
  - A host without a GPU or without a driver is a normal answer, not a failure.
  - It reports facts only. P(inference.stack.diagnose_site#filter) judges them, on the controller.
  - Memory and processes of other users are complete only for C(root).
author:
  - The inference.stack authors (@inference-stack)
options: {}
extends_documentation_fragment:
  - inference.stack.host
  - inference.stack.read_only
"""

EXAMPLES = r"""
- name: Look at the GPUs
  inference.stack.gpu_info:
  register: gpu

- name: Stop where the driver does not work
  ansible.builtin.assert:
    that: gpu.driver.state == 'ready'
    fail_msg: "The driver is {{ gpu.driver.state }}: {{ gpu.driver.reason }}"

- name: Show the free memory of the first GPU in GiB
  ansible.builtin.debug:
    msg: "{{ ((gpu.gpus[0].memory_total_bytes - gpu.gpus[0].memory_used_bytes) / 1024 ** 3) | round(1) }}"
  when: gpu.gpus | length > 0
"""

RETURN = r"""
gpus:
  description: GPUs that answer the driver.
  returned: always
  type: list
  elements: dict
  contains:
    index:
      description: Number of the GPU in the driver's own order.
      type: int
      sample: 0
    name:
      description: Product name.
      type: str
      sample: NVIDIA GeForce RTX 3060
    uuid:
      description: Lasting identity of the GPU.
      type: str
      sample: GPU-5ca1ab1e-0000-4000-8000-000000003060
    memory_total_bytes:
      description: Memory of the GPU.
      type: int
      sample: 12884901888
    memory_used_bytes:
      description: Memory in use, the driver's own share included.
      type: int
      sample: 9437184000
    driver_version:
      description: Release of the loaded kernel module.
      type: str
      sample: 570.195.03
    cuda_driver_version:
      description: Newest CUDA that the driver can run.
      type: str
      sample: '12.8'
    compute_capability:
      description: What the GPU's architecture can compute.
      type: str
      sample: '8.6'
    pci_bus_id:
      description: Place on the PCI bus, as in RV(pci_devices).
      type: str
      sample: '0000:01:00.0'
    processes:
      description: Processes that compute on the GPU; V(none) where the driver does not tell.
      type: list
      elements: dict
      contains:
        pid:
          description: Number of the process on the host.
          type: int
          sample: 4711
        memory_used_bytes:
          description: GPU memory of the process; V(none) where the driver does not tell.
          type: int
          sample: 9437184000
silent_gpus:
  description: GPUs that the driver counts but that do not answer it.
  returned: always
  type: list
  elements: dict
  contains:
    index:
      description: Number of the GPU in the driver's own order.
      type: int
      sample: 0
    is_lost:
      description: Whether the driver has lost it, as after it fell off the bus.
      type: bool
      sample: true
    reason:
      description: The driver's own words.
      type: str
      sample: GPU is lost
pci_devices:
  description: NVIDIA GPUs on the PCI bus, with or without a driver.
  returned: always
  type: list
  elements: dict
  contains:
    bus_id:
      description: Place on the PCI bus.
      type: str
      sample: '0000:01:00.0'
    device_id:
      description: PCI id of the product, four hexadecimal digits.
      type: str
      sample: '2504'
    driver:
      description: Kernel driver that owns the device; V(none) without one.
      type: str
      sample: nvidia
    is_removable:
      description: Whether it sits behind a port that leads outside, such as Thunderbolt.
      type: bool
      sample: true
    answers:
      description: Whether the device still answers; V(false) once it fell off the bus.
      type: bool
      sample: true
    link:
      description: Connection to the port above; each value is V(none) where the kernel does not tell.
      type: dict
      contains:
        speed_gt_per_s:
          description: Speed now, in gigatransfers per second; lower while the GPU idles.
          type: float
          sample: 2.5
        speed_max_gt_per_s:
          description: Speed that the GPU is capable of.
          type: float
          sample: 16.0
        width_lanes:
          description: Lanes in use.
          type: int
          sample: 4
        width_max_lanes:
          description: Lanes that GPU and port could both use.
          type: int
          sample: 4
thunderbolt_devices:
  description: Devices on Thunderbolt and USB4 ports.
  returned: always
  type: list
  elements: dict
  contains:
    bus_name:
      description: The kernel's name of the place.
      type: str
      sample: 0-1
    vendor:
      description: Who made the device.
      type: str
      sample: Razer
    name:
      description: What the device is.
      type: str
      sample: Core X
    unique_id:
      description: Identity by which it can be authorised.
      type: str
      sample: c4010000-0060-641e-83d0-1e1d24c0d021
    is_authorized:
      description: Whether the host lets it onto its PCI bus.
      type: bool
      sample: true
driver:
  description: The driver's two halves.
  returned: always
  type: dict
  contains:
    state:
      description:
        - How far the driver works.
        - V(ready), V(library_missing), V(driver_not_loaded), V(version_mismatch) or V(failed).
      type: str
      sample: ready
    reason:
      description: The library's own message if it is not V(ready); empty otherwise.
      type: str
      sample: ''
    loaded:
      description: Release of the loaded kernel module; V(none) when it is not loaded.
      type: str
      sample: 570.195.03
    library:
      description: Release of the library; V(none) when it is not installed.
      type: str
      sample: 570.195.03
    mismatch:
      description: Whether the two are of different releases, which a reboot repairs.
      type: bool
      sample: false
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.hosts.gpu.facts import Sources, collect, shape


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.exit_json(changed=False, **shape(collect(Sources())))


if __name__ == "__main__":
    main()
