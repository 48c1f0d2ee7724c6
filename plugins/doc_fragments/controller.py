# SPDX-License-Identifier: Apache-2.0
"""Documentation of what action plugins have in common that always run on the controller."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what it would return otherwise.
    support: full
  diff_mode:
    description: Can show what changed.
    support: none
  platform:
    description: Where it runs.
    support: full
    platforms: posix
    details: Always on the controller.
"""
