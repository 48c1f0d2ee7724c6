# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options in module_utils/probing/server_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  base_url:
    description:
      - Address of the server, with or without C(/v1) at its end.
      - Without it, the environment variable E(OPENAI_BASE_URL) holds it. Where that is not set,
        the module fails.
    type: str
  api_key:
    description:
      - Key that is sent as a bearer token.
      - It is removed from everything that the module returns.
      - Without it, the key is taken from the environment variable E(OPENAI_API_KEY), for every O(base_url).
        An empty string sends no key.
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
