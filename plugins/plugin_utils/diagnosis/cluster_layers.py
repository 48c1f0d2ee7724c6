# SPDX-License-Identifier: Apache-2.0
"""The layers of Kubernetes: nodes that offer their GPUs, and pods that were started on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..text.units import many
from .layer_results import Finding, broken, degraded, not_applicable, ok, unknown
from .observed_site import DEVICE_PLUGIN, Host, Model, Site, bare_reason

_NO_ANSWER = "the cluster does not answer"
# Why a pod has not started yet. All other problems belong to the engine.
_NOT_STARTED = (
    "Unschedulable",
    "SchedulingGated",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "StartError",
)
_IMAGE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")


def node(site: Site) -> list[Finding]:
    """Is each GPU host a node that takes pods and offers its GPUs?"""
    if not site.cluster_answers:
        told = bare_reason(site.cluster.get("reason")) or "no kubeconfig was found"
        server = site.cluster.get("server") or "its address"
        return [
            broken(
                "cluster",
                f"the Kubernetes API does not answer: {told}",
                f"See 'systemctl status k3s' on the k3s server, and whether the controller reaches {server}.",
            )
        ]
    return [finding for host in site.hosts for finding in _host(site, host)]


def pod(site: Site) -> list[Finding]:
    """Was a pod started for each model that the mode wants?"""
    if not site.wanted_models:
        return [not_applicable("engines", f"mode {site.mode} wants no engine"), *_foreign_fields(site)]
    return [*(_pod(site, model) for model in site.wanted_models), *_foreign_fields(site)]


def has_started(site: Site, model: Model) -> bool:
    """Whether the engine itself ran, so that the next layer can be judged."""
    pods = site.engine_workload(model).get("pods") or []
    return any(not _obstacles(row) and row.get("phase") != "Pending" for row in pods)


def _host(site: Site, host: Host) -> Iterator[Finding]:
    away = [row for row in host.services if row.get("state") != "active"]
    found = site.node_of(host)
    if away and not any(row.get("state") == "active" for row in host.services):
        unit = away[0]["name"]
        yield broken(
            host.name,
            ", ".join(f"{row['name']} is {row['state']} ({row['detail']})" for row in away),
            f"Run 'systemctl restart {unit}' on the host; 'journalctl -u {unit}' there names the reason.",
        )
    elif found is None:
        yield broken(
            host.name,
            f"the cluster has no node {host.node}",
            "Run playbooks/site.yml --tags hosts, which joins it.",
        )
    elif not found["ready"]:
        yield broken(
            host.name,
            f"node {found['name']} is not ready: {found.get('reason') or 'it gives no reason'}",
            f"Look at 'journalctl -u {_unit(host)}' on the host.",
        )
    else:
        yield from _ready_node(site, host, found)


def _ready_node(site: Site, host: Host, found: Mapping[str, Any]) -> Iterator[Finding]:
    labels = found.get("labels") or {}
    wrong = [f"{key}={value}" for key, value in host.labels.items() if labels.get(key) != value]
    lost = [taint for taint in host.taints if taint.replace("=:", ":") not in (found.get("taints") or [])]
    name, plugin = found["name"], site.part(DEVICE_PLUGIN)
    if wrong:
        yield broken(
            host.name,
            f"node {name} lacks the label {', '.join(wrong)}, so no engine may run there",
            "Run playbooks/site.yml --tags hosts, which sets k3s_node_labels again.",
        )
    elif int(found.get("allocatable") or 0) < 1:
        yield _offers_nothing(site, host, found)
    elif found.get("unschedulable"):
        yield degraded(
            host.name,
            f"node {name} takes no new pods (cordoned)",
            f"Run 'kubectl uncordon {name}' when its maintenance is over.",
        )
    elif lost:
        yield degraded(
            host.name,
            f"node {name} lacks the taint {', '.join(lost)}, so anything may run beside the engines",
            "Run playbooks/site.yml --tags hosts, which sets k3s_node_taints again.",
        )
    elif int(found["allocatable"]) < len(host.gpus):
        yield degraded(
            host.name,
            f"node {name} offers {found['allocatable']} of its {many(len(host.gpus), 'GPU')}",
            f"Restart the device plugin: 'kubectl -n {plugin.namespace} rollout restart {plugin.where}'. "
            "It does not offer a GPU again that failed once.",
        )
    else:
        yield ok(host.name, f"node {name} is ready and offers {many(int(found['allocatable']), 'GPU')}")


def _offers_nothing(site: Site, host: Host, found: Mapping[str, Any]) -> Finding:
    plugin = site.part(DEVICE_PLUGIN)
    told = f"node {found['name']} offers no nvidia.com/gpu"
    again = "Run playbooks/site.yml --tags cluster, which applies the device plugin again."
    if not plugin.workload.get("exists"):
        return broken(host.name, f"{told}: there is no {plugin.where}", again)
    here = [row for row in plugin.pods if row.get("node") == found["name"]]
    if not here:
        why = f"{plugin.where} has no pod there and wants {plugin.workload.get('wanted')} in all"
        return broken(host.name, f"{told}: {why}", again)
    return broken(
        host.name,
        f"{told}: {explain(here[0]) or 'the device plugin runs, but has registered none'}",
        f"Look at 'kubectl -n {plugin.namespace} logs {here[0]['name']}'; "
        "a GPU that failed once is not offered until the plugin restarts.",
    )


def _pod(site: Site, model: Model) -> Finding:
    found, where = site.engine_workload(model), f"deployment {model.deployment}"
    if not found:
        return unknown(model.name, _NO_ANSWER)
    if not found.get("exists"):
        told = f"{where} does not exist in namespace {site.namespace}"
        return broken(model.name, told, "Run playbooks/site.yml --tags cluster.")
    if not found.get("wanted"):
        return broken(
            model.name,
            f"{where} is scaled to 0, though mode {site.mode} wants it",
            f"Run 'kubectl -n {site.namespace} scale deployment {model.deployment} --replicas=1'.",
        )
    pods = found.get("pods") or []
    blocked = [row for row in pods if _obstacles(row)]
    serving = [row for row in pods if row.get("ready")]
    if found.get("complaints") and not serving:
        return broken(
            model.name,
            f"{where}: {found['complaints'][0]}",
            f"See 'kubectl -n {site.namespace} describe {where}'.",
        )
    if blocked and not serving:
        return broken(model.name, explain(blocked[0]), _next_for(site, model, blocked[0]))
    if not pods:
        told = f"{where} {found.get('summary')}, and no pod exists"
        return broken(model.name, told, f"See 'kubectl -n {site.namespace} describe {where}'.")
    pending = [row for row in pods if row.get("phase") == "Pending"]
    if pending and not serving:
        return _pending(site, model, pending[0])
    return ok(model.name, ", ".join(f"pod {row['name']} on {row.get('node') or '?'}" for row in pods))


def _foreign_fields(site: Site) -> Iterator[Finding]:
    """What somebody else added to our workloads. A field of the specification changes how they run."""
    for row in site.workloads:
        fields = row.get("foreign_fields") or []
        told = ", ".join(f"{field['field']} (by {field['manager']})" for field in fields)
        name = str(row.get("name"))
        if any(str(field["field"]).startswith("spec.") for field in fields):
            yield degraded(
                name,
                f"somebody added by hand: {told}",
                f"Put it into the inventory, or remove it: 'kubectl -n {row.get('namespace')} edit "
                f"{str(row.get('kind')).lower()} {name}'. A run takes back only what the inventory names.",
            )
        elif fields:
            yield ok(name, f"somebody added by hand: {told}")


def _pending(site: Site, model: Model, row: Mapping[str, Any]) -> Finding:
    describe = f"See 'kubectl -n {site.namespace} describe pod {row['name']}'."
    if row.get("events"):
        return broken(model.name, f"pod {row['name']} does not start: {row['events'][0]}", describe)
    return degraded(
        model.name, f"pod {row['name']} is being started", f"Wait, or try again later. {describe}"
    )


def _obstacles(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Why a pod does not start, if Kubernetes gives a known reason."""
    return [trouble for trouble in row.get("troubles") or [] if trouble.get("reason") in _NOT_STARTED]


def explain(row: Mapping[str, Any]) -> str:
    """A pod's trouble in one line; empty for a pod that serves."""
    troubles: Sequence[Mapping[str, Any]] = _obstacles(row) or row.get("troubles") or []
    if not troubles:
        return ""
    told = f"pod {row.get('name')}: {troubles[0].get('reason')}"
    details = [str(troubles[0].get("message") or ""), *(row.get("events") or [])]
    detail = next((text for text in details if text), "")
    return f"{told}: {detail}" if detail else told


def _next_for(site: Site, model: Model, row: Mapping[str, Any]) -> str:
    reason = str(_obstacles(row)[0].get("reason"))
    if reason in _IMAGE:
        return (
            "Check inference_vllm_image and inference_vllm_version, and that the node reaches the registry; "
            "then run playbooks/site.yml --tags cluster."
        )
    describe = f"See 'kubectl -n {site.namespace} describe pod {row['name']}'"
    if reason == "Unschedulable":
        return f"{describe}: labels, taints and free GPUs of the nodes decide."
    return f"{describe}; the runtime's settings and the CDI specification of the host decide."


def _unit(host: Host) -> str:
    return next((str(row.get("name")) for row in host.services), "k3s-agent")
