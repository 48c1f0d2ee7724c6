# SPDX-License-Identifier: Apache-2.0
"""Options that every module which reads a cluster shares; documented in the fragment ``cluster``."""

from __future__ import annotations

from typing import Any

CLUSTER_OPTIONS: dict[str, dict[str, Any]] = {
    "kubeconfig": {"type": "raw", "required": True, "no_log": True},
    "context": {"type": "str"},
}
