#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Has a platform's own command add and remove the models of a site."""

from __future__ import annotations

DOCUMENTATION = r"""
module: model_registry_commands
short_description: Have a platform's command add and remove the models of a site
version_added: 0.1.0
description:
  - Runs a command for each model that is new, changed or gone.
  - What was written is kept in a file (O(record)), because a command cannot be asked. A model that is not in
    it is somebody else's, and is never removed.
  - The file is written after each command, so a run that breaks off goes on where it ended.
author:
  - The inference.stack authors (@inference-stack)
options:
  add:
    description:
      - The command that adds a model, as a list of words. A key of O(models) in braces, such as C({name}), is
        replaced. No shell reads it.
    type: list
    elements: str
    required: true
  remove:
    description: The command that removes one.
    type: list
    elements: str
    required: true
  change:
    description: The command that changes one. Without it a model is removed and added again.
    type: list
    elements: str
    default: []
  environment:
    description:
      - Environment of the commands, for their secrets. A value of at least 8 characters must not stand in a
        command, where everybody could read it in the list of processes.
    type: dict
    default: {}
  record:
    description: The file that keeps which models were added. Its folder has to be there.
    type: path
    required: true
extends_documentation_fragment:
  - inference.stack.registry
"""

EXAMPLES = r"""
- name: Register the models
  inference.stack.model_registry_commands:
    add: [ias-admin, model, add, --name, "{name}", --backend-url, "{backend_url}"]
    remove: [ias-admin, model, remove, --name, "{name}"]
    environment:
      IAS_TOKEN: "{{ vault_ias_token }}"
    record: inventories/home/.registry.json
    models:
      - name: llama3
        backend_url: http://llama-3-8b-inference.ml.svc.cluster.local:8000
"""

RETURN = r"""
added:
  description: Names of new rows, or of those that would be new in check mode.
  type: list
  elements: str
  returned: success
  sample: [llama3]
updated:
  description: Names of rows that changed.
  type: list
  elements: str
  returned: success
  sample: []
removed:
  description: Names of rows that went.
  type: list
  elements: str
  returned: success
  sample: [llama2]
adopted:
  description: Names of rows that somebody else had made and that are ours from now on.
  type: list
  elements: str
  returned: success
  sample: []
foreign:
  description: Names of rows of somebody else that already say what ours would say. They stay as they are.
  type: list
  elements: str
  returned: success
  sample: []
present:
  description: The rows that concern this site, as they were before.
  type: list
  elements: dict
  returned: success
  sample: [{name: llama2, backend_url: "http://llama-2-inference.ml.svc:8000", input_cost: "0.0005"}]
hint:
  description: What to do next, where the module knows.
  type: str
  returned: failure
  sample: Set model_registry_table to the table of the registry.
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.errors import StackError, fail
from ..module_utils.model_registry.commands import Commands, Record, synchronize
from ..module_utils.model_registry.options import REGISTRY_OPTIONS, answer
from ..module_utils.model_registry.rows import wanted_rows

ARGUMENTS: dict[str, dict[str, Any]] = {
    **REGISTRY_OPTIONS,
    "add": {"type": "list", "elements": "str", "required": True},
    "remove": {"type": "list", "elements": "str", "required": True},
    "change": {"type": "list", "elements": "str", "default": []},
    "environment": {"type": "dict", "default": {}, "no_log": True},
    "record": {"type": "path", "required": True},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    environment = {key: str(value) for key, value in params["environment"].items()}
    commands = Commands(params["add"], params["remove"], params["change"], environment, params["timeout"])
    try:
        rows = wanted_rows(params["models"])
        changes, before = synchronize(commands, rows, Record(Path(params["record"])), module.check_mode)
    except StackError as error:
        fail(module, error)
    module.exit_json(**answer(changes, before))


if __name__ == "__main__":
    main()
