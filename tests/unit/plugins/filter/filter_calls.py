"""What the filters' tests share: calling a filter as Ansible does, and objects."""

from __future__ import annotations

from typing import Any

DEPLOYMENT = "apps/v1 Deployment ml/vllm-qwen"


def call(module: Any, *arguments: Any, **options: Any) -> Any:
    ((_, function),) = module.FilterModule().filters().items()
    return function(*arguments, **options)


def thing(kind: str = "Deployment", name: str = "vllm-qwen", **more: Any) -> dict[str, Any]:
    version = "apps/v1" if kind in ("Deployment", "DaemonSet") else "v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "ml"}, **more}


def seen(
    replicas: int = 0, managers: list[str] | None = None, mode: str | None = None, **row: Any
) -> dict[str, Any]:
    known = {"replicas": replicas, "replicas_managers": managers} if managers is not None else {}
    one = {"object": DEPLOYMENT, "exists": managers is not None, "applicable": True, **known, **row}
    return {"objects": [one], "config_maps": {"inference-mode": {"mode": mode}} if mode else {}}
