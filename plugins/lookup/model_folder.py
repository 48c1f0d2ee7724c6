# SPDX-License-Identifier: Apache-2.0
"""The lookup model_folder."""

from __future__ import annotations

DOCUMENTATION = r"""
name: model_folder
short_description: Read what the files of a model say about its size
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Reads C(config.json), C(model.safetensors.index.json) and the headers of C(*.safetensors), whichever there
    are, on the controller. The weights themselves are not read.
  - A folder of the hub's own cache also gives its repository and revision.
options:
  _terms:
    description: Folders on the controller.
    type: list
    elements: str
    required: true
seealso:
  - plugin: inference.stack.catalog_row
    plugin_type: filter
"""

EXAMPLES = r"""
files: "{{ lookup('inference.stack.model_folder', '/models/Qwen3-8B-AWQ') }}"
"""

RETURN = r"""
_raw:
  description: For each folder the texts of its files, the bytes of its weights and where it came from.
  type: list
  elements: dict
  sample: [{origin: /models/Qwen3-8B-AWQ, weights_bytes: 6098853561}]
"""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..module_utils.errors import StackError
from ..plugin_utils.boundary.plain import plain
from ..plugin_utils.planning.models.folder import read_folder


class LookupModule(LookupBase):
    """Reads folders; changes nothing."""

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        try:
            return [read_folder(Path(plain(term)).expanduser()) for term in terms]
        except StackError as error:
            raise AnsibleLookupError(str(error)) from error
