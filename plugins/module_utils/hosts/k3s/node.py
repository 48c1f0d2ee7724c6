# SPDX-License-Identifier: Apache-2.0
"""What the API server says of a node. Reads only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..system import commands
from .node_changes import compare

REQUEST_TIMEOUT_S = 20


class Wanted(NamedTuple):
    """The node as it should be."""

    name: str
    labels: Mapping[str, Any] = {}
    taints: Sequence[str] = ()


# Documented in the fragment ``k3s_node``.
NODE_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "labels": {"type": "dict", "default": {}},
    "taints": {"type": "list", "elements": "str", "default": []},
}


def look(binary: str, kubeconfig: str, wanted: Wanted, timeout: int = REQUEST_TIMEOUT_S) -> dict[str, Any]:
    """Ask the API server with kubectl; the binary contains it."""
    done = commands.run(
        [
            *(binary, "kubectl", f"--request-timeout={timeout}s", f"--kubeconfig={kubeconfig}"),
            *("get", "node", wanted.name, "--output=json"),
        ],
        timeout=timeout + 5,
    )
    if done.succeeded:
        try:
            return describe(json.loads(done.output), wanted)
        except ValueError:
            return silent(f"kubectl answers with something that is no JSON: {done.output[:200]}")
    return silent(done.error.strip() or done.output.strip())


def describe(node: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
    """What a node's document says."""
    conditions = (node.get("status") or {}).get("conditions") or []
    return {
        "answers": True,
        "ready": any(row.get("type") == "Ready" and row.get("status") == "True" for row in conditions),
        "told": [f"{row.get('type')}={row.get('status')}: {row.get('message') or ''}" for row in conditions],
        "changes": compare(node, wanted.labels, wanted.taints)._asdict(),
    }


def silent(reason: str = "not asked yet") -> dict[str, Any]:
    """The same form when nothing is known about the node."""
    nothing: dict[str, Any] = {"labels": [], "taints": [], "annotation": "", "beyond_kubelet": []}
    return {"answers": False, "ready": False, "told": [reason], "changes": nothing}
