# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options in module_utils/probing/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  base_url:
    description:
      - Address of the server, with or without C(/v1) at its end.
    type: str
    required: true
  api_key:
    description:
      - Key that is sent as a bearer token.
      - It is removed from everything that the module returns.
    type: str
    default: ''
  validate_certs:
    description: Whether to check the server's certificate.
    type: bool
    default: true
  ca_path:
    description: Path of a certificate authority to trust instead of the system's.
    type: path
attributes:
  platform:
    description: Where the module runs.
    support: full
    platforms: posix
"""

    TIERS = r"""
options:
  tier_map:
    description: Which tier an address belongs to, as in the key C(tier_map) of a plan.
    type: dict
    default: {}
"""
