#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Keeps the rows of a platform's registry of models, a table in PostgreSQL."""

from __future__ import annotations

DOCUMENTATION = r"""
module: model_registry_rows
short_description: Keep the models of a site in a platform's table in PostgreSQL
version_added: 0.1.0
description:
  - Adds, changes and removes rows, so that the table names the models of a site and what they cost.
  - A second table beside it (O(ledger)) says which rows an owner wrote. A row without an entry there is
    somebody else's, and is never changed or removed.
  - All of it happens in one transaction, during which nobody else writes to the table. Where nothing
    changes it takes no lock.
author:
  - The inference.stack authors (@inference-stack)
options:
  dsn:
    description:
      - How to reach the database, as C(postgresql://user:password@host/database) or C(host=... user=...).
      - No result, message or diff repeats it.
    type: str
    required: true
  table:
    description: The table, with its schema in front where it is not on the user's search path.
    type: str
    default: model_mappings
  columns:
    description:
      - Which column holds a key of O(models). Keys that are not named keep the column of the same name,
        but C(served_name) has none.
      - An empty name leaves the key out.
    type: dict
    default: {}
  constants:
    description: Columns of a new row that O(models) does not have. They are never changed afterwards.
    type: dict
    default: {}
  owner:
    description: Who writes these rows. Two sites that write to one table need different owners.
    type: str
    required: true
  ledger:
    description: The table that says which rows are whose. It is made where it is missing.
    type: str
    default: inference_stack_models
  adopt:
    description: Whether to take over rows that somebody else made, if a model has the same name.
    type: bool
    default: false
requirements:
  - psycopg (version 3, for instance C(pip install 'psycopg[binary]'))
extends_documentation_fragment:
  - inference.stack.registry
"""

EXAMPLES = r"""
- name: Register the models
  inference.stack.model_registry_rows:
    dsn: "{{ vault_registry_dsn }}"
    owner: ml@server
    models:
      - name: llama3
        display_name: Llama 3 8B Instruct
        backend_url: http://llama-3-8b-inference.ml.svc.cluster.local:8000
        input_cost: 0.0005
        output_cost: 0.0015
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

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.errors import InvalidInput, StackError, fail
from ..module_utils.model_registry.options import REGISTRY_OPTIONS, answer
from ..module_utils.model_registry.postgresql import Table, synchronize
from ..module_utils.model_registry.rows import FIELDS, NAME, wanted_rows

ARGUMENTS: dict[str, dict[str, Any]] = {
    **REGISTRY_OPTIONS,
    "dsn": {"type": "str", "required": True, "no_log": True},
    "table": {"type": "str", "default": "model_mappings"},
    "columns": {"type": "dict", "default": {}},
    "constants": {"type": "dict", "default": {}},
    "owner": {"type": "str", "required": True},
    "ledger": {"type": "str", "default": "inference_stack_models"},
    "adopt": {"type": "bool", "default": False},
}
# Spec 010's: a platform keeps no other name of a model than its own.
COLUMNS = {**{key: key for key in FIELDS}, "served_name": ""}


def table_of(params: dict[str, Any]) -> Table:
    unknown = sorted(set(params["columns"]) - set(COLUMNS))
    if unknown:
        raise InvalidInput(f"columns names {unknown[0]}, which no row has.", f"Known: {', '.join(COLUMNS)}.")
    columns = {**COLUMNS, **{key: str(value or "") for key, value in params["columns"].items()}}
    if not columns[NAME]:
        raise InvalidInput("columns leaves out name, which tells the rows apart.", "Name its column.")
    constants = {key: str(value) for key, value in params["constants"].items()}
    return Table(params["table"], columns, params["ledger"], constants)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    try:
        if not params["owner"]:
            raise InvalidInput("owner is empty.", "Name who writes these rows.")
        table = table_of(params)
        rows = wanted_rows(params["models"], table.fields)
        changes, before = synchronize(
            params["dsn"], table, rows, params["owner"], params["adopt"], params["timeout"], module.check_mode
        )
    except StackError as error:
        fail(module, error)
    module.exit_json(**answer(changes, before))


if __name__ == "__main__":
    main()
