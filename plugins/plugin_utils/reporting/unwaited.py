# SPDX-License-Identifier: Apache-2.0
"""What nobody waits for while hosts are away: it goes on by itself once they are back. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..boundary.plain import plain
from .proof_gaps import proof_gaps

_FETCH = {"app.kubernetes.io/component": "fetch"}
_MODEL, _NODE = "inference.stack/model", "inference.stack/node"


def unwaited_labels(plan: Any, absent: Any = (), one_cache: bool = False) -> list[dict[str, str]]:
    """Label sets of workloads, as cluster_objects_unwaited takes them; none while every host is there.

    ``absent`` are hosts that did not answer. ``one_cache`` where all nodes share one cache.
    """
    told, away = plain(plan), [str(name) for name in plain(absent) or []]
    if not away:
        return []
    nodes = [row["node"] for row in told["nodes"] if row["name"] in away]
    fetches = [labels for model in told["vllm_models"] for labels in _fetches(model, nodes, one_cache)]
    engines = [row["labels"] for row in proof_gaps(told, away)]
    return [*engines, *fetches, {"app.kubernetes.io/name": told["parts"]["device-plugin"]["name"]}]


def _fetches(model: Mapping[str, Any], nodes: Sequence[str], one_cache: bool) -> Iterator[dict[str, str]]:
    """A Job that may run anywhere may be on a node that is away."""
    if one_cache or len(model["cache_nodes"]) < 2:
        yield {**_FETCH, _MODEL: model["slug"]}
    else:
        yield from (
            {**_FETCH, _MODEL: model["slug"], _NODE: node} for node in nodes if node in model["cache_nodes"]
        )
