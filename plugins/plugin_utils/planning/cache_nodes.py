# SPDX-License-Identifier: Apache-2.0
"""Which nodes may get a model's engine, so that each has the model in its own cache before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from .catalog.model_rows import Gpu
from .inputs.hardware import Hardware
from .inputs.nodes import Node
from .inputs.wanted import WantedModel
from .suitable_nodes import suitable_nodes
from .workloads import Pod


def cache_nodes(
    model: WantedModel, engine: Pod, nodes: Sequence[Node], hardware: Hardware, unfit: Set[tuple[str, str]]
) -> list[str]:
    """What the nodes are called on which the scheduler may put the model's engine and it would run.

    Empty where the inventory does not tell: a GPU host that is a node of somebody else's cluster, or a label
    of the selector that another program sets.
    """
    gpus = dict(hardware.hosts)
    if not gpus.keys() <= {node.name for node in nodes}:
        return []
    return [
        nodes[at].hostname
        for at in suitable_nodes(engine, nodes, hardware).places
        if _is_fit(model, gpus.get(nodes[at].name) or (), unfit)
    ]


def _is_fit(model: WantedModel, gpus: Iterable[tuple[Gpu, int]], unfit: Set[tuple[str, str]]) -> bool:
    """Whether GPUs of one kind are enough. A host whose GPUs are unknown may have them."""
    listed = list(gpus)
    return not listed or any(
        count >= model.settings.gpus and (model.name, gpu.key) not in unfit for gpu, count in listed
    )
