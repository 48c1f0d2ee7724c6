# SPDX-License-Identifier: Apache-2.0
"""Documentation of what modules have in common that look at a host."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
notes:
  - Needs nothing beside Python's standard library on the host.
attributes:
  platform:
    description: Where the module runs.
    support: full
    platforms: linux
"""
