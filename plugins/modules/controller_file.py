# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: controller_file
short_description: Write a text into a file of the controller
version_added: 0.1.0
description:
  - For notes about a site, such as its proof. C(ansible.builtin.copy) does the same for any host; on the
    controller it starts Python twice for it.
  - The file is replaced as a whole, readable for everybody. Its folder has to be there.
options:
  path:
    description: The file.
    type: path
    required: true
  content:
    description: The text.
    type: str
    required: true
extends_documentation_fragment:
  - inference.stack.controller
author:
  - The inference.stack authors (@inference-stack)
"""

EXAMPLES = r"""
- name: Note what was found
  inference.stack.controller_file:
    path: proof.json
    content: "{{ proof | to_nice_json }}"
"""

RETURN = r"""
path:
  description: The file, with its whole path.
  type: str
  returned: success
  sample: /home/me/site/proof.json
"""
