# SPDX-License-Identifier: Apache-2.0
"""Which nodes may run a pod: its selector, its tolerations and its GPUs decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...module_utils.cluster.scheduling import tolerates
from .inputs.hardware import Hardware
from .inputs.nodes import Node
from .workloads import Pod


@dataclass(frozen=True)
class SuitableNodes:
    """Positions of those that the selector leaves, of these those that taints leave, then GPUs."""

    selected: tuple[int, ...] = ()
    tolerated: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    # What the selector wants and no inventory sets. Other programs may set it, so nothing else is known.
    unset: Mapping[str, str] = field(default_factory=dict)


def suitable_nodes(pod: Pod, nodes: Sequence[Node], hardware: Hardware) -> SuitableNodes:
    """Whether they have room is another question."""
    selector = pod.selector or {}
    labels = {key for node in nodes for key in node.labels}
    unset = {key: item for key, item in selector.items() if key not in labels}
    if unset:
        return SuitableNodes(unset=unset)
    selected = tuple(at for at, node in enumerate(nodes) if selector.items() <= node.labels.items())
    tolerated = tuple(at for at in selected if _is_tolerated(pod, nodes[at]))
    places = tuple(at for at in tolerated if hardware.most_on(nodes[at].name) >= pod.gpus)
    return SuitableNodes(selected, tolerated, places)


def _is_tolerated(pod: Pod, node: Node) -> bool:
    return all(any(tolerates(row, taint) for row in pod.tolerations) for taint in node.hard_taints())
