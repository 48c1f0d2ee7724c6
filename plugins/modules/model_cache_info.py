#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Tells what a host's Hugging Face cache lacks and holds, and how much space it has."""

from __future__ import annotations

DOCUMENTATION = r"""
module: model_cache_info
short_description: Report what a Hugging Face cache lacks and holds, and how much space there is
version_added: 0.1.0
description:
  - Looks for the snapshots of repositories as Hugging Face's cache keeps them, and reads the free space.
  - A branch or tag is resolved as that cache does it, where C(refs/NAME) holds the commit.
author:
  - The inference.stack authors (@inference-stack)
options:
  path:
    description: Folder of the cache. It does not have to exist.
    type: path
    required: true
  repositories:
    description: Repositories, each with C(repository) and perhaps C(revision). Other keys are ignored.
    type: list
    elements: dict
    default: []
  images:
    description:
      - Container images that k3s pulls onto the host, each with C(image) and C(folder), the data folder of
        k3s.
    type: list
    elements: dict
    default: []
  needed:
    description: What has to stay, as C(REPOSITORY@REVISION). Without it nothing is looked for that could go.
    type: list
    elements: str
    default: []
  mentioned:
    description: Texts, such as arguments of engines. A repository whose name is in one stays as a whole.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - inference.stack.host
  - inference.stack.paths
  - inference.stack.read_only
attributes:
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Look at the model cache
  inference.stack.model_cache_info:
    path: /var/lib/vllm/huggingface
    repositories:
      - repository: Qwen/Qwen3-8B-AWQ
  register: cache

- name: Say what is missing
  ansible.builtin.debug:
    msg: "{{ cache.absent | join(', ') }}"
"""

RETURN = r"""
absent:
  description: Repositories without the wanted snapshot, by their places in O(repositories), counted from 0.
  returned: success
  type: list
  elements: int
  sample: [0]
folder:
  description: The nearest folder of O(path) that exists; its file system will hold the cache.
  returned: success
  type: str
  sample: /var/lib
free_bytes:
  description: Bytes that are free there.
  returned: success
  type: int
  sample: 214748364800
coming_images:
  description:
    - Those of O(images) that are still to be pulled onto the file system of the cache, by their places,
      counted from 0.
    - An image counts as there where k3s cannot be asked.
  returned: success
  type: list
  elements: int
  sample: [0]
unneeded:
  description:
    - Snapshots that may go, as C(repository), C(commit) and C(bytes). What somebody else put there is not
      among them.
    - An empty commit stands for what broken downloads left behind.
  returned: success
  type: list
  elements: dict
  sample: [{repository: org/old, commit: 0123456789abcdef0123456789abcdef01234567, bytes: 6098853561}]
leftovers:
  description: Whether an interrupted run left its folder C(.incoming) behind.
  returned: success
  type: bool
  sample: false
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
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.hosts.cache.huggingface import look
from ..module_utils.hosts.system.paths import PATH_OPTIONS

ARGUMENTS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "repositories": {"type": "list", "elements": "dict", "default": []},
    "images": {"type": "list", "elements": "dict", "default": []},
    "needed": {"type": "list", "elements": "str", "default": []},
    "mentioned": {"type": "list", "elements": "str", "default": []},
    "paths": PATH_OPTIONS,
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    module.exit_json(changed=False, **look(**{name: module.params[name] for name in ARGUMENTS}))


if __name__ == "__main__":
    main()
