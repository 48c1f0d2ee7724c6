# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: absent_host
short_description: Count a host as unreachable
version_added: 0.1.0
description:
  - For the end of a run that went on without a host. The host is UNREACHABLE in the recap, in the words of
    the task, and C(ansible-playbook) ends with the exit status for unreachable hosts (4) if nothing failed.
  - Nobody tries to reach the host.
options:
  msg:
    description: What is to be said of the host.
    type: str
    required: true
extends_documentation_fragment:
  - inference.stack.controller
author:
  - The inference.stack authors (@inference-stack)
"""

EXAMPLES = r"""
- name: Say what was left out
  inference.stack.absent_host:
    msg: "{{ inventory_hostname }} did not answer. Run the same command again when it is on."
  when: inventory_hostname in absent
"""

RETURN = r"""
msg:
  description: What is said of the host.
  type: str
  returned: always
  sample: gpu did not answer. Run the same command again when it is on.
"""
