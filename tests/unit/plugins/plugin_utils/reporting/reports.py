"""What the tests of reports begin with: a planned site, what its hosts and its cluster answer."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.planning.plan import work_out
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.changes import plan_changes

from tests.unit.plugins.plugin_utils.planning.sites import RAW, home_lab

GIB = 1024**3
BARE = {"answers": False, "absent": True, "reason": "server has no kubeconfig"}
AWAY = {"answers": False, "absent": False, "reason": "server: Connection timed out"}
QWEN, R1 = "vllm-qwen3-8b-awq", "vllm-deepseek-r1-distill-qwen-7b-awq"


def pod_templates() -> dict[str, Any]:
    """The pod template of an engine as role vllm rendered it, and as an API server 1.34 gave it back."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "pod_templates.json").read_text())
    return found


def planned(**changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The home lab's plan, and what the planner makes of the driver that was found."""
    drivers = {"driver": "570.195.03", "driver_found": "570.195.03"}
    worker = {"name": "worker", "gpus": [{"gpu": "rtx-3060-12gb", "count": 1}], **drivers}
    outcome = work_out(home_lab(hosts=[worker], **changes), RAW)
    return outcome.plan, outcome.observed


def definitions(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Just enough of what the role renders."""
    found: list[dict[str, Any]] = [{"kind": "Service", "metadata": {"name": "vllm-api"}}]
    for model in plan["vllm_models"]:
        container = {"name": "vllm", "image": plan["image"], "args": model["arguments"]}
        labels = {"inference.stack/model": model["slug"], "inference.stack/mode": model["mode"]}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        found.append(
            {"kind": "Deployment", "metadata": {"name": model["deployment"]}, "spec": {"template": template}}
        )
    return found


def live(plan: Mapping[str, Any], mode: str = "ml", **replicas: int) -> dict[str, Any]:
    """A cluster that runs the plan: each Deployment by its name, with dashes as underscores."""
    rows = []
    for wanted in definitions(plan)[1:]:
        name = wanted["metadata"]["name"]
        count = replicas.get(name.replace("-", "_"), 0)
        ready = {"name": f"{name}-1", "node": "worker", "ready": True, "start_seconds": 87.0}
        rows.append(
            {
                "name": name,
                "owned": True,
                "replicas": count,
                "replicas_managers": ["inference-mode"],
                "template": copy.deepcopy(wanted["spec"]["template"]),
                "pods": [ready] * count,
            }
        )
    return {
        "answers": True,
        "reason": "",
        "server": "https://192.0.2.10:6443",
        "deployments": rows,
        "config_maps": {"inference-mode": {"mode": mode}},
    }


def gpu_info(**changes: Any) -> dict[str, Any]:
    """A healthy eGPU."""
    link = {"speed_gt_per_s": 2.5, "speed_max_gt_per_s": 16.0, "width_lanes": 4, "width_max_lanes": 16}
    return {
        "gpus": [
            {
                "name": "NVIDIA GeForce RTX 3060",
                "pci_bus_id": "0000:01:00.0",
                "driver_version": "570.195.03",
                "cuda_driver_version": "12.8",
            }
        ],
        "pci_devices": [
            {
                "bus_id": "0000:01:00.0",
                "device_id": "2504",
                "driver": "nvidia",
                "is_removable": True,
                "answers": True,
                "link": link,
            }
        ],
        "silent_gpus": [],
        "thunderbolt_devices": [{"vendor": "Razer", "name": "Core X", "is_authorized": True}],
        "driver": {"state": "ready", "loaded": "570.195.03", "library": "570.195.03", "mismatch": False},
        **changes,
    }


def host(free_gib: int = 100, missing: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """What the host of the home lab answered; its model cache is full unless something is missing."""
    needed = sum(row["bytes"] or 0 for row in missing or []) + 10 * GIB
    cache = {
        "path": "/var/lib/vllm",
        "missing": missing or [],
        "free_bytes": free_gib * GIB,
        "needed_bytes": needed,
        "reserve_bytes": 10 * GIB,
    }
    return {"name": "worker", "reason": "", "gpu_info": gpu_info(), "cache": cache, **changes}


SILENT = {"name": "worker", "reason": "Connection timed out", "gpu_info": {}, "cache": {}}


def compared(plan: Mapping[str, Any], found: Mapping[str, Any], *hosts: dict[str, Any]) -> dict[str, Any]:
    return plan_changes(plan, definitions(plan), found, list(hosts))
