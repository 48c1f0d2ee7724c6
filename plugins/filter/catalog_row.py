# SPDX-License-Identifier: Apache-2.0
"""The filter catalog_row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils.errors import InvalidInput
from ..plugin_utils.boundary.filters import as_filter
from ..plugin_utils.boundary.plain import plain
from ..plugin_utils.planning.models import folder as model_folder

DOCUMENTATION = r"""
name: catalog_row
short_description: Turn a model's config.json and index into a row of the catalog
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
description:
  - Reads layers, heads, context and quantisation out of C(config.json), and the size of the weights out of
    C(model.safetensors.index.json).
  - What the files do not tell (licence, parsers, capabilities, the oldest vLLM) is left for a person.
  - Fails with the file and the key when one is missing.
positional: repository
options:
  _input:
    description:
      - The files, as the lookup P(inference.stack.model_folder#lookup) gives them.
      - C(origin) is where they are, C(config) and C(index) are their texts.
      - C(weights_bytes) stands in for an index.
    type: dict
    required: true
  repository:
    description: The model's repository on the hub. Needed where the files do not tell.
    type: str
    default: ""
  revision:
    description: The repository's revision. Empty follows its main branch.
    type: str
    default: ""
  name:
    description: The model's name in inventories. Empty makes one from the repository.
    type: str
    default: ""
  gated:
    description: Whether the hub wants its licence accepted.
    type: bool
    default: false
  values:
    description: Keys that C(config.json) leaves to the defaults of the model's class. They win over the file.
    type: dict
    default: {}
"""

EXAMPLES = r"""
row: >-
  {{ lookup('inference.stack.model_folder', '/models/Qwen3-8B-AWQ')
     | inference.stack.catalog_row('Qwen/Qwen3-8B-AWQ') }}
"""

RETURN = r"""
_value:
  description: One row by its name, ready for C(inference_catalog.models).
  type: dict
  sample: {qwen3-8b-awq: {repository: Qwen/Qwen3-8B-AWQ, layers: 36, kv_heads: 8, head_dim: 128}}
"""


def catalog_row(files: Any, repository: Any = "", **options: Any) -> dict[str, dict[str, Any]]:
    """The filter itself: plain values for code that does not know Ansible."""
    found = plain(files)
    if not isinstance(found, dict):
        raise InvalidInput("What catalog_row is given is not a mapping of files.")
    return model_folder.catalog_row(found, plain(repository), **plain(options))


class FilterModule:
    """Offers catalog_row."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"catalog_row": as_filter(catalog_row)}
