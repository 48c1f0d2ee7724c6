# SPDX-License-Identifier: Apache-2.0
"""Why the scheduler refuses a pod, whether waiting can help, and what does. Pure: objects in, words out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

# "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). preemption: 0/2 …"
_HEAD = re.compile(
    r"^(0/\d+) nodes are available: (.*?)\.?(?:\.? (?:no new claims to deallocate|preemption:).*)?$", re.S
)
_REASON = re.compile(r"^\d+ (.+)$")
_TAINT = "node(s) had untolerated taint"
_SELECTOR = "node(s) didn't match Pod's node affinity/selector"
_INSUFFICIENT = "Insufficient "
# Kubernetes sets these while a node starts, is drained or runs out of something, and takes them back.
_OWN_TAINTS = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
# How long a refusal has to stand before it counts [s]: nodes register, and the scheduler looks again.
_GRACE_S = 30.0
# A device is offered once its plugin has started, and free once the engine before has let go of it.
_DEVICE_GRACE_S = 180.0
# The roles whose inputs have these names. An engine's requests are those of its model.
_ROLES = ("device_plugin", "litellm", "ollama", "open_webui", "vllm")


class Refusal(NamedTuple):
    """What the scheduler says of a pod, node by node."""

    nodes: str
    reasons: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        """On one line, without the part about preemption."""
        return f"{self.nodes} nodes available: {self.text}" if self.nodes else self.text


def refusal(pod: Mapping[str, Any]) -> Refusal | None:
    """What keeps a pod from getting a node; None if nothing does."""
    for condition in (pod.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            message = " ".join(str(condition.get("message") or condition.get("reason") or "").split())
            found = _HEAD.match(message)
            if not found:
                return Refusal("", (), message)
            matches = [_REASON.match(part) for part in found[2].split(", ")]
            # Something that is not counted by nodes is about the pod, such as a claim without a volume.
            reasons = tuple(sorted(match[1] for match in matches if match)) if all(matches) else ()
            return Refusal(found[1], reasons, found[2].replace("node(s) had ", ""))
    return None


def grace(
    refused: Refusal,
    pod: Mapping[str, Any],
    nodes: Sequence[Mapping[str, Any]],
    neighbours: Iterable[Mapping[str, Any]],
    daemons_start: bool = False,
) -> float | None:
    """How long the refusal may stand before waiting longer is useless [s]; None where waiting may help.

    ``neighbours`` are the pods of the namespace: one that ends gives back what it has. ``daemons_start``
    where a DaemonSet is waited for, too, which may offer devices once it runs.
    """
    if not refused.reasons:
        return None
    lacks = [reason for reason in refused.reasons if reason.startswith(_INSUFFICIENT)]
    known = len(lacks) + sum(reason.startswith((_TAINT, _SELECTOR)) for reason in refused.reasons)
    if not nodes or known < len(refused.reasons):
        return None
    if _is_tainted(refused) and not _are_lasting(_untolerated(pod, _selected(pod, nodes) or nodes)):
        return None
    if lacks and any(_will_end(neighbour) for neighbour in neighbours):
        return None
    if not any("/" in lack for lack in lacks):
        return _GRACE_S
    return None if daemons_start else _DEVICE_GRACE_S


def remedies(
    refused: Refusal, pod: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]], owner: str
) -> Iterator[str]:
    """What is in the way, and which variable changes it. ``owner`` as in the label of the workload."""
    role = owner.replace("-", "_") if owner.replace("-", "_") in _ROLES else ""
    selected = _selected(pod, nodes)
    tolerations = f"{role}_tolerations" if role else "the tolerations of the workload"
    for node, taints in _untolerated(pod, selected).items() if _is_tainted(refused) else ():
        yield (
            f"Node {node} has the taint {', '.join(map(_written, taints))}, which the pod does not tolerate. "
            f"Add it to {tolerations}, or take it out of k3s_node_taints of that host."
        )
    if not selected:
        labels = _labels((pod.get("spec") or {}).get("nodeSelector") or {})
        selector = f"{role}_node_selector" if role else "the node selector of the workload"
        yield (
            f"No node has the labels {labels} that the pod wants. Set them in k3s_node_labels of the host "
            f"that has to run it, or change {selector}."
        )
    for reason in refused.reasons:
        if reason.startswith(_INSUFFICIENT):
            resource = reason[len(_INSUFFICIENT) :]
            asked = f"{_requested(pod, resource)} {resource}"
            yield f"The pod asks for {asked}, which no node has left. {_less(role, resource)}"


def _less(role: str, resource: str) -> str:
    if "/" in resource:
        return "Another pod has it, or no device plugin offers it: doctor.yml tells."
    if role == "vllm":
        return "Lower the requests in resources of the model (inference_models), or those of other pods."
    where = f"{role}_resources" if role else "the workload"
    return f"Lower the requests in {where}, or those of other pods."


def _is_tainted(refused: Refusal) -> bool:
    return any(reason.startswith(_TAINT) for reason in refused.reasons)


def _selected(pod: Mapping[str, Any], nodes: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The nodes with the labels that the pod wants."""
    wanted = (pod.get("spec") or {}).get("nodeSelector") or {}
    return [node for node in nodes if wanted.items() <= (node["metadata"].get("labels") or {}).items()]


def _untolerated(
    pod: Mapping[str, Any], nodes: Iterable[Mapping[str, Any]]
) -> dict[str, list[Mapping[str, Any]]]:
    """The taints of each node that keep the pod away."""
    tolerations = (pod.get("spec") or {}).get("tolerations") or []
    found = {}
    for node in nodes:
        taints = [
            taint
            for taint in (node.get("spec") or {}).get("taints") or []
            if taint.get("effect") in ("NoSchedule", "NoExecute")
            and not any(tolerates(toleration, taint) for toleration in tolerations)
        ]
        if taints:
            found[str(node["metadata"]["name"])] = taints
    return found


def _are_lasting(untolerated: Mapping[str, Sequence[Mapping[str, Any]]]) -> bool:
    """Whether every node keeps the pod away for longer than Kubernetes does by itself."""
    return bool(untolerated) and all(
        any(not str(taint.get("key")).startswith(_OWN_TAINTS) for taint in taints)
        for taints in untolerated.values()
    )


def tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """Whether a pod with the toleration may run in spite of the taint."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    operator = toleration.get("operator") or "Equal"
    # Comparisons with numbers are left to the scheduler.
    return operator != "Equal" or (toleration.get("value") or "") == (taint.get("value") or "")


def _will_end(pod: Mapping[str, Any]) -> bool:
    """Whether a pod is on its way out, or belongs to a Job and so ends by itself."""
    metadata, phase = pod.get("metadata") or {}, (pod.get("status") or {}).get("phase")
    if metadata.get("deletionTimestamp"):
        return True
    of_job = any(owner.get("kind") == "Job" for owner in metadata.get("ownerReferences") or [])
    return of_job and phase == "Running"


def _requested(pod: Mapping[str, Any], resource: str) -> str:
    amounts = [
        str(((container.get("resources") or {}).get("requests") or {})[resource])
        for container in (pod.get("spec") or {}).get("containers") or []
        if resource in ((container.get("resources") or {}).get("requests") or {})
    ]
    return " + ".join(amounts) or "more"


def _labels(labels: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _written(taint: Mapping[str, Any]) -> str:
    """As k3s_node_taints takes it."""
    return f"{taint.get('key')}={taint.get('value') or ''}:{taint.get('effect')}"
