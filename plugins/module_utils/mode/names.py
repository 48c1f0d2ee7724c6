# SPDX-License-Identifier: Apache-2.0
"""Under which names the mode is recorded in the cluster."""

from __future__ import annotations

# The ConfigMap that holds the mode, and the field manager that owns the replicas of engines.
CONFIG_MAP = "inference-mode"
