# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: shown_text
short_description: Show a text on the screen as it is
version_added: 0.1.0
description:
  - For Ansible's own screen output, which shows a text of several lines as one long line unless
    C(callback_result_format) is V(yaml). The result does not hold the text.
options:
  text:
    description: The text.
    type: str
    required: true
extends_documentation_fragment:
  - inference.stack.controller
author:
  - The inference.stack authors (@inference-stack)
"""

EXAMPLES = r"""
- name: Show the plan
  inference.stack.shown_text:
    text: "{{ plan_text }}"
"""

RETURN = "{}"
