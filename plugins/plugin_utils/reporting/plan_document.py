# SPDX-License-Identifier: Apache-2.0
"""The plan as one document for programs: what it is, what was seen on the hosts, and what it changes. Pure.

``plan`` follows from inventory and catalog alone and is the same before and after; ``observed`` and
``comparison`` tell about the moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils.cluster.redaction import hide_variables, hide_words
from ..boundary.filters import read_rows
from ..boundary.plain import plain
from ..diagnosis.gpu_problems import gpu_problems

_NOT_IN_THE_RUN = {"reason": "not asked, because --limit leaves it out"}
# Increases when readers of the document have to change.
FORMAT = 1
_PCIE_GENERATIONS = {2.5: "1.0", 5.0: "2.0", 8.0: "3.0", 16.0: "4.0", 32.0: "5.0", 64.0: "6.0"}


def plan_document(plan: Any, observed: Any, hosts: Any, comparison: Any) -> dict[str, Any]:
    """``observed`` comes from the planner, ``hosts`` from the hosts, ``comparison`` from plan_changes."""
    planned, seen = _without_secrets(plain(plan)), plain(observed)
    given = {row["name"]: row for row in read_rows(hosts, "hosts")}
    rows = [_host(given.get(row["name"], _NOT_IN_THE_RUN), row) for row in seen["hosts"]]
    compared = plain(comparison)
    warnings = [*seen["warnings"], *_disk_warnings(compared["downloads"])]
    return {
        "format": FORMAT,
        "plan": planned,
        "observed": {"hosts": rows, "warnings": warnings},
        "comparison": compared,
    }


def pcie_generation(speed: float | None) -> str | None:
    """The name of a link's speed [GT/s], or None where it has none."""
    return _PCIE_GENERATIONS.get(speed) if speed else None


def _without_secrets(plan: dict[str, Any]) -> dict[str, Any]:
    """Removes secrets that a site wrote where the plan sees them."""
    models = [
        {
            **model,
            "arguments": hide_words(model["arguments"]),
            "environment": hide_variables(model["environment"]),
        }
        for model in plan["vllm_models"]
    ]
    return {**plan, "vllm_models": models}


def _host(row: Mapping[str, Any], observed: Mapping[str, Any]) -> dict[str, Any]:
    """Everything about one host in one place; ``asked`` says whether it answered."""
    info = row.get("gpu_info") or {}
    names = {gpu["pci_bus_id"]: gpu for gpu in info.get("gpus") or []}
    return {
        "name": observed["name"],
        "asked": bool(info),
        "reason": row.get("reason") or "",
        **{key: value for key, value in observed.items() if key != "name"},
        "driver_state": (info.get("driver") or {}).get("state"),
        "cuda_driver": next((gpu["cuda_driver_version"] for gpu in names.values()), None),
        "links": [
            _link(device, names.get(device["bus_id"]) or {}) for device in info.get("pci_devices") or []
        ],
        "thunderbolt": info.get("thunderbolt_devices") or [],
        "problems": [str(problem) for problem in gpu_problems(info)],
    }


def _link(device: Mapping[str, Any], gpu: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "bus_id": device["bus_id"],
        "device_id": device["device_id"],
        "gpu": gpu.get("name"),
        "answers": device["answers"],
        "is_removable": device["is_removable"],
        **device["link"],
        "pcie_generation": pcie_generation(device["link"].get("speed_max_gt_per_s")),
    }


def _coming(row: Mapping[str, Any]) -> str:
    return "models and image do not fit" if row["images"] else "the models do not fit"


def _disk_warnings(downloads: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{row['host']}: {_coming(row)} into {row['path']}; the run would stop there. "
        "Free space, point model_cache_path to a larger file system, or lower model_cache_reserve_bytes."
        for row in downloads
        if row["enough"] is False
    ]
