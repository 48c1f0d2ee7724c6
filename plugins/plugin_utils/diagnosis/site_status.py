# SPDX-License-Identifier: Apache-2.0
"""What a site is doing now, as one document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..history.files import parse
from .cluster_layers import explain
from .observed_site import CLOUD_TIER, GATEWAY, Host, Model, Site, bare_reason

FORMAT = 1
SERVES, STARTS, FAILS, OFF, UNKNOWN = "serves", "starts", "fails", "off", "unknown"


def site_status(observations: Any, history: str = "") -> dict[str, Any]:
    """Hosts, models, tiers, versions, and the last figures of a history of benchmarks (its file's text)."""
    site = Site(observations)
    return {
        "format": FORMAT,
        "namespace": site.namespace,
        "mode": site.mode,
        "cluster": {"answers": site.cluster_answers, "reason": bare_reason(site.cluster.get("reason"))},
        "gateway": {
            "url": str(site.gateway.get("url") or ""),
            "public_url": _public_url(site),
            "alive": bool(site.gateway.get("alive")),
            "error": str(site.gateway.get("error") or ""),
        },
        "hosts": [*(_host(site, host) for host in site.hosts), *_other_nodes(site)],
        "models": [_model(site, model) for model in site.models],
        "tiers": [_tier(site, tier) for tier in site.tiers],
        "figures": _figures(str(history)),
        "versions": _versions(site),
    }


def _public_url(site: Site) -> str:
    """What clients outside ask; empty where they have the gateway's own address."""
    gateway = (site.plan.get("parts") or {}).get(GATEWAY) or {}
    return str(gateway.get("public_url") or "")


def _host(site: Site, host: Host) -> dict[str, Any]:
    return {
        "name": host.name,
        "reachable": host.reachable,
        "gpus": [
            {key: gpu.get(key) for key in ("name", "memory_used_bytes", "memory_total_bytes")}
            for gpu in host.gpus
        ],
        "driver": host.driver_version,
        "problems": [str(problem) for problem in host.problems],
        "node": _node(site.node_of(host)),
    }


def _other_nodes(site: Site) -> Iterable[dict[str, Any]]:
    """Nodes without GPUs, such as the server."""
    ours = [site.node_of(host) for host in site.hosts]
    for node in site.nodes:
        if node not in ours:
            yield {
                "name": node["name"],
                "reachable": None,
                "gpus": [],
                "driver": "",
                "problems": [],
                "node": _node(node),
            }


def _node(node: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if node is None:
        return None
    keys = ("name", "ready", "unschedulable", "allocatable")
    return {key: node.get(key) for key in keys}


def _model(site: Site, model: Model) -> dict[str, Any]:
    found = site.engine_workload(model)
    pods = found.get("pods") or []
    serving = sum(bool(row.get("ready")) for row in pods)
    told = site.answer_for(model.served_name) or {}
    return {
        "name": model.name,
        "served_name": model.served_name,
        "mode": model.mode,
        "deployment": model.deployment,
        "state": _state(found, pods, serving),
        "serving": serving,
        "wanted": int(found.get("wanted") or 0),
        "trouble": next((told for told in map(explain, pods) if told), ""),
        "tier": told.get("tier") if told.get("answered") else None,
        "latency_s": told.get("latency_s") if told.get("answered") else None,
        "error": str(told.get("error") or ""),
    }


def _state(found: Mapping[str, Any], pods: list[dict[str, Any]], serving: int) -> str:
    if not found.get("exists"):
        return UNKNOWN
    if not found.get("wanted"):
        return OFF
    if serving:
        return SERVES
    return FAILS if any(row.get("restarts") or row.get("cause") for row in pods) else STARTS


def _tier(site: Site, tier: Mapping[str, Any]) -> dict[str, Any]:
    """A tier answers when one of its models was answered from it, and not from one below."""
    name, models = str(tier.get("name")), tier.get("models") or []
    told = [row for row in site.answers() if row.get("model") in models]
    answered = [row for row in told if row.get("answered") and row.get("tier") == name]
    return {
        "name": name,
        "backend": str(tier.get("backend") or ""),
        "models": models,
        "asked": name != CLOUD_TIER and bool(list(site.answers())),
        "answers": bool(answered),
        "latency_s": min((float(row.get("latency_s") or 0) for row in answered), default=None),
        "error": next((str(row.get("error")) for row in told if row.get("error")), ""),
    }


def _figures(history: str) -> list[dict[str, Any]]:
    """The best point of each model's newest run."""
    newest = {str(run.get("model")): run for run in parse(history) if run["points"]}
    figures = []
    for model, run in newest.items():
        best = max(run["points"], key=lambda point: float(point.get("output_throughput") or 0))
        keys = ("max_concurrency", "output_throughput", "median_ttft_ms", "median_tpot_ms")
        figures.append({"model": model, "time": run.get("time"), **{key: best.get(key) for key in keys}})
    return figures


def _versions(site: Site) -> dict[str, Any]:
    engines: set[Any] = {site.engine_workload(model).get("image") for model in site.models}
    images: dict[str, list[Any]] = {
        "vllm": sorted(str(image) for image in engines if image),
        **{part.role: [part.workload.get("image")] for part in site.parts},
    }
    return {
        "kubernetes": str(site.cluster.get("version") or ""),
        "container_toolkit": sorted({str(host.runtime.get("version") or "") for host in site.hosts} - {""}),
        "driver": sorted({host.driver_version for host in site.hosts} - {""}),
        "images": {name: [image for image in found if image] for name, found in images.items()},
    }
