# SPDX-License-Identifier: Apache-2.0
"""Where pods may run that need no GPU."""

from __future__ import annotations

from collections.abc import Mapping

from ..reading.findings import Findings
from ..reading.tables import Table

VARIABLE = "k3s_node_taints"
# Effects that keep a pod away which does not tolerate the taint.
_HARD = ("NoSchedule", "NoExecute")


def check_taints(value: object, findings: Findings) -> None:
    """Find a cluster whose every node has a taint: CoreDNS, for one, tolerates none of a site.

    ``value`` maps the names of all nodes to their taints, each ``KEY=VALUE:EFFECT`` or ``KEY:EFFECT``. It is
    empty where somebody else makes the cluster.
    """
    nodes = value if isinstance(value, Mapping) else {}
    tables = {str(name): Table({VARIABLE: taints}, "", findings) for name, taints in nodes.items()}
    closed = [name for name, table in tables.items() if any(map(_is_hard, table.texts(VARIABLE)))]
    if nodes and len(closed) == len(nodes):
        findings.problem(
            f"{VARIABLE} of {', '.join(closed)}",
            "keeps every pod without a toleration from the only node"
            if len(closed) == 1
            else "keep every pod without a toleration from all nodes",
            "CoreDNS, the gateway and the CPU tier need a node: set k3s_node_taints to [] on one.",
        )


def _is_hard(taint: str) -> bool:
    return taint.rpartition(":")[2].rstrip("-") in _HARD
