#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Keeps what a host's k3s was set up with before the role k3s writes its own files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_adoption
short_description: Keep the settings of a k3s that somebody else set up
version_added: 0.1.0
description:
  - Reads the unit and the configuration of a k3s that the role k3s did not write, and writes what has to stay
    to C(config.yaml.d/00-adopted.yaml) and to a drop-in of the unit.
  - Files with variables of the environment stay where they are. Values are never returned.
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
  config_file:
    description: The configuration that will be replaced.
    type: path
    default: /etc/rancher/k3s/config.yaml
  unit_folders:
    description: Where systemd looks for units, the first one first. The drop-in is written to the first one.
    type: list
    elements: path
    default: [/etc/systemd/system, /usr/lib/systemd/system, /lib/systemd/system]
  replaced:
    description: Settings that the new configuration has, and that are not kept.
    type: list
    elements: str
    default: []
  extended:
    description: Lists that the new configuration has, and that get the old entries as well.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - inference.stack.host
attributes:
  check_mode:
    description: Can run in check mode and say what it would do.
    support: full
  diff_mode:
    description: Can show what changed.
    support: none
    details: The settings may hold secrets.
"""

EXAMPLES = r"""
- name: Keep what somebody else set up
  inference.stack.k3s_adoption:
    role: server
    replaced: [token, node-name]
    extended: [disable]
"""

RETURN = r"""
files:
  description: The files that were written, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/etc/rancher/k3s/config.yaml.d/00-adopted.yaml]
hint:
  description: What to do next, where the module knows.
  returned: failure
  type: str
  sample: ''
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.errors import StackError, fail
from ..module_utils.hosts.k3s.foreign import CONFIG_FILE, UNIT_FOLDERS, Places, adopted_files
from ..module_utils.hosts.system.paths import read_text

ARGUMENTS: dict[str, dict[str, Any]] = {
    "role": {"type": "str", "choices": ["server", "agent"], "required": True},
    "binary": {"type": "path", "default": "/usr/local/bin/k3s"},
    "config_file": {"type": "path", "default": CONFIG_FILE},
    "unit_folders": {"type": "list", "elements": "path", "default": list(UNIT_FOLDERS)},
    "replaced": {"type": "list", "elements": "str", "default": []},
    "extended": {"type": "list", "elements": "str", "default": []},
}


def write(module: AnsibleModule, path: str, text: str) -> None:
    """Write the file at once, for root alone: it may hold secrets."""
    folder = Path(path).parent
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    module.atomic_move(temporary, path)
    Path(path).chmod(0o600)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    given = module.params
    places = Places(units=given["unit_folders"], config=given["config_file"])
    try:
        files = adopted_files(given["role"], given["binary"], places, given["replaced"], given["extended"])
    except StackError as error:
        fail(module, error)
    differing = [path for path, text in files.items() if read_text(path) != text]
    for path in differing if not module.check_mode else ():
        write(module, path, files[path])
    module.exit_json(changed=bool(differing), files=differing)


if __name__ == "__main__":
    main()
