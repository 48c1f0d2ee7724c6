# SPDX-License-Identifier: Apache-2.0
"""The nodes of the cluster: what each offers, and what keeps pods away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..reading.findings import Findings
from ..reading.resources import parse_quantity
from ..reading.tables import Table, rows

VARIABLE = "k3s_node_taints"
# The label of a node with its own name, which a kubelet sets.
HOSTNAME = "kubernetes.io/hostname"
# Effects that keep a pod away which does not tolerate the taint.
_HARD = ("NoSchedule", "NoExecute")
_TAINT = re.compile(r"^([^=:]+)(?:=([^:]*))?:([A-Za-z]+)$")
_KEYS = ("name", "is_server", "cpus", "memory_bytes", "labels", "taints", "kubelet_arguments", "disabled")
# What a kubelet keeps from pods. k3s replaces the kubelet's own default of eviction-hard, so it is nothing
# unless the inventory says so (pkg/daemons/agent/agent.go).
_RESERVATIONS = ("system-reserved", "kube-reserved")
_EVICTION = "eviction-hard"
_EVICTED = re.compile(r"memory\.available<([^,]+)")


@dataclass(frozen=True)
class Node:
    """A host that is a node. What it has is None where nobody could look."""

    name: str
    is_server: bool = False
    cpus: float | None = None
    memory_bytes: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[str, ...] = ()
    # What its kubelet keeps from pods.
    kept_cpus: float = 0
    kept_bytes: float = 0
    # Packaged components that its server leaves out.
    disabled: tuple[str, ...] = ()

    @property
    def hostname(self) -> str:
        """What selects this node alone."""
        return self.labels.get(HOSTNAME, self.name)

    def hard_taints(self) -> Iterator[dict[str, str]]:
        """In the words of the API."""
        for taint in filter(_is_hard, self.taints):
            found = _TAINT.match(taint)
            if found:
                yield {"key": found[1], "value": found[2] or "", "effect": found[3]}


def read_nodes(value: object, findings: Findings) -> tuple[Node, ...]:
    """Empty where somebody else makes the cluster."""
    return tuple(
        _node(row, f"nodes[{at}]", findings) for at, row in enumerate(rows(value, "nodes", findings))
    )


def _node(row: object, path: str, findings: Findings) -> Node:
    outer = Table(row, path, findings)
    outer.reject_unknown(_KEYS)
    name = outer.text("name", path)
    taints = Table({VARIABLE: outer.data.get("taints")}, "", findings).texts(VARIABLE)
    cpus, memory = outer.number("cpus"), outer.integer("memory_bytes")
    kept = _kept(_listed(outer.data.get("kubelet_arguments")), memory)
    # The argument specification of the role k3s refuses values of a wrong type, for each host by name.
    labels = outer.data.get("labels")
    return Node(
        name=name,
        is_server=outer.flag("is_server"),
        cpus=cpus,
        memory_bytes=memory,
        labels={str(key): str(item) for key, item in labels.items()} if isinstance(labels, Mapping) else {},
        taints=taints,
        kept_cpus=kept[0],
        kept_bytes=kept[1],
        disabled=tuple(_listed(outer.data.get("disabled"))),
    )


def _listed(value: Any) -> list[str]:
    """k3s takes one word in the place of a list, and commas in the place of several."""
    if isinstance(value, (list, tuple)):
        return [str(item) for item in value]
    return [value] if isinstance(value, str) else []


def _kept(arguments: Iterable[str], memory: int | None) -> tuple[float, float]:
    """CPUs and bytes of these arguments of a kubelet; of each the last counts."""
    given = dict(argument.lstrip("-").partition("=")[::2] for argument in arguments)
    cpus, kept = 0.0, 0.0
    for name in _RESERVATIONS:
        amounts = dict(pair.partition("=")[::2] for pair in given.get(name, "").split(","))
        cpus += parse_quantity(amounts.get("cpu", "")) or 0
        kept += parse_quantity(amounts.get("memory", "")) or 0
    evicted = _EVICTED.search(given.get(_EVICTION, ""))
    if evicted:
        percent = evicted[1].strip().removesuffix("%")
        share = parse_quantity(percent) or 0
        kept += share / 100 * (memory or 0) if percent != evicted[1].strip() else share
    return cpus, kept


def check_taints(nodes: Iterable[Node], findings: Findings) -> None:
    """Find a cluster whose every node has a taint: CoreDNS, for one, tolerates none of a site."""
    nodes = list(nodes)
    closed = [node.name for node in nodes if any(map(_is_hard, node.taints))]
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
