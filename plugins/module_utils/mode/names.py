# SPDX-License-Identifier: Apache-2.0
"""The names under which a cluster knows the mode, and nothing else: everybody may import this."""

from __future__ import annotations

CONFIG_MAP = "inference-mode"
"""The ConfigMap that records the mode."""
FIELD_MANAGER = "inference-mode"
"""Who scales engines, and who writes the record."""
