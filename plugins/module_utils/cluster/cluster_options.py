# SPDX-License-Identifier: Apache-2.0
"""Options that every module which reads a cluster shares; documented in the fragment ``cluster``."""

from __future__ import annotations

from typing import Any

from ..connection import or_environment

CLUSTER_OPTIONS: dict[str, dict[str, Any]] = {
    "kubeconfig": or_environment({"type": "raw", "no_log": True}, "K8S_AUTH_KUBECONFIG", "KUBECONFIG"),
    "context": {"type": "str"},
}
