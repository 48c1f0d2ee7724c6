"""Pods on their way, as a kubelet and a scheduler describe them."""

from __future__ import annotations

from typing import Any

IMAGE = "vllm/vllm-openai:v0.8.5"
CREATING = {"waiting": {"reason": "ContainerCreating"}}
INITIALIZING = {"waiting": {"reason": "PodInitializing"}}
RUNNING = {"running": {"startedAt": "2026-01-31T12:00:00Z"}}
DONE = {"terminated": {"exitCode": 0}}
FAILED = {"terminated": {"exitCode": 2}}


def condition(kind: str, is_met: bool = True, **more: str) -> dict[str, Any]:
    return {"type": kind, "status": str(is_met), **more}


def container(name: str, state: dict[str, Any], image: str = IMAGE, ready: bool = False) -> dict[str, Any]:
    return {"name": name, "image": image, "state": state, "ready": ready, "restartCount": 0}


def pod(
    *containers: dict[str, Any],
    init: tuple[dict[str, Any], ...] = (),
    conditions: tuple[dict[str, Any], ...] = (),
    spec: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    status = {
        "phase": "Pending",
        "conditions": [*conditions],
        "initContainerStatuses": [*init],
        "containerStatuses": [*containers],
        **more,
    }
    return {"metadata": {"name": "p", "uid": "u"}, "spec": spec or {}, "status": status}


def unschedulable(message: str, **spec: Any) -> dict[str, Any]:
    refused = condition("PodScheduled", False, reason="Unschedulable", message=message)
    return pod(conditions=(refused,), spec=spec)


def event(reason: str, second: int = 0, container: str = "vllm", is_init: bool = False) -> dict[str, Any]:
    part = "initContainers" if is_init else "containers"
    return {
        "type": "Normal",
        "reason": reason,
        "message": f"{reason} image",
        "lastTimestamp": f"2026-01-31T12:00:{second:02}Z",
        "involvedObject": {"name": "p", "fieldPath": f"spec.{part}{{{container}}}"},
    }


PULLS = pod(container("vllm", CREATING))
FETCHES = pod(container("vllm", INITIALIZING), init=(container("fetch-model", RUNNING, "busybox"),))
