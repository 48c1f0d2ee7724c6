# SPDX-License-Identifier: Apache-2.0
"""The names of the mode's objects in a cluster. It imports nothing, so every package may import it."""

from __future__ import annotations

CONFIG_MAP = "inference-mode"
"""The ConfigMap that records the mode."""
FIELD_MANAGER = "inference-mode"
"""Who scales engines, and who writes the record."""
