# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options in module_utils/model_registry/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  models:
    description: Every model that the registry should have of this site. One that is not named here goes.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name by which the platform knows the model. It tells the rows apart.
        type: str
        required: true
      display_name:
        description: The name for people.
        type: str
        default: ''
      backend_url:
        description: Where the platform reaches the model.
        type: str
        default: ''
      served_name:
        description: The name that requests have to give.
        type: str
        default: ''
      input_cost:
        description: What 1,000 tokens of a prompt cost.
        type: float
        default: 0.0
      output_cost:
        description: What 1,000 tokens of an answer cost.
        type: float
        default: 0.0
  timeout:
    description: Seconds that a connection, a statement or a command may take.
    type: int
    default: 30
attributes:
  check_mode:
    description: Can run in check mode and say what it would do.
    support: full
  diff_mode:
    description: Shows the rows that change, before and after.
    support: full
  platform:
    description: Where the module runs.
    support: full
    platforms: posix
"""
