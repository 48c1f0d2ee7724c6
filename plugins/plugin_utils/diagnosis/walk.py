# SPDX-License-Identifier: Apache-2.0
"""Walks the layers from the bottom up and comes to a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from . import cluster_layers, host_layers, name_layers, serving_layers
from .layer_results import BROKEN, DEGRADED, NOT_REACHED, OK, UNKNOWN, Finding, worst
from .observed_site import Site

FORMAT = 1


class Layer(NamedTuple):
    """One step of the walk."""

    name: str
    title: str
    look: Callable[[Site], list[Finding]]


LAYERS = (
    Layer("host", "host", host_layers.reachable),
    Layer("pci", "PCI link", host_layers.pci),
    Layer("driver", "driver", host_layers.driver),
    Layer("device_nodes", "device nodes", host_layers.device_nodes),
    Layer("runtime", "runtime", host_layers.runtime),
    Layer("cdi", "CDI", host_layers.cdi),
    Layer("node", "node", cluster_layers.node),
    Layer("pod", "pod", cluster_layers.pod),
    Layer("engine", "engine", serving_layers.engine),
    Layer("model", "model", serving_layers.model),
    Layer("names", "names", name_layers.names),
    Layer("gateway", "gateway", serving_layers.gateway),
)


def examine(observations: Any) -> dict[str, Any]:
    """The whole walk as one document. An unknown layer above a broken one is "not reached"."""
    site = Site(observations)
    rows: list[dict[str, Any]] = []
    is_blocked = False
    for layer in LAYERS:
        findings = layer.look(site)
        status = worst(findings)
        shown = NOT_REACHED if status == UNKNOWN and is_blocked else status
        rows.append(
            {
                "layer": layer.name,
                "title": layer.title,
                "status": shown,
                "findings": [finding.as_plain() for finding in findings],
            }
        )
        is_blocked = is_blocked or status == BROKEN
    return {
        "format": FORMAT,
        "verdict": _verdict(site, rows),
        "mode": site.mode,
        "fault": _first_fault(rows),
        "layers": rows,
        "answers": [
            {key: told.get(key) for key in ("model", "answered", "tier", "latency_s", "error")}
            for told in site.answers()
        ],
    }


def _first_fault(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The first thing that is broken; where nothing is, the first that is not as it should be."""
    for status in (BROKEN, DEGRADED):
        for row in rows:
            for finding in row["findings"]:
                if finding["status"] == status:
                    return {"layer": row["layer"], "title": row["title"], **finding}
    return None


def _verdict(site: Site, rows: Sequence[Mapping[str, Any]]) -> str:
    """A site is broken if its clients get no answers, and degraded if it answers in spite of faults."""
    statuses = {row["status"] for row in rows}
    is_answered = _is_answered(site)
    if BROKEN in statuses and not is_answered:
        return BROKEN
    return OK if is_answered and not statuses & {BROKEN, DEGRADED} else DEGRADED


def _is_answered(site: Site) -> bool | None:
    """Whether every model that should run was answered, by whatever tier; None where nobody could ask.

    In a mode without models the lower tiers have to answer, if the site has any.
    """
    told = [site.answer_for(model.served_name) for model in site.wanted_models]
    if not told:
        asked = list(site.answers())
        return any(row.get("answered") for row in asked) or not site.lower_tiers if asked else None
    if any(row is None for row in told):
        return None
    return all(bool((row or {}).get("answered")) for row in told)
