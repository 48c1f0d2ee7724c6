# SPDX-License-Identifier: Apache-2.0
"""What the plan needs to know of the cluster's nodes, from their variables and what was read there. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ....module_utils.errors import InvalidInput
from ...boundary.plain import plain
from .nodes import HOSTNAME

_MEMORY = re.compile(r"^MemTotal:\s+(\d+) kB$", re.MULTILINE)
_ONLINE = re.compile(r"^\d+(-\d+)?(,\d+(-\d+)?)*$", re.MULTILINE)


def plan_nodes(servers: Any, agents: Any) -> list[dict[str, Any]]:
    """The nodes of the plan. Both are rows of hostvars, with what steps/gpu_facts.yml read on the host."""
    for rows in (servers, agents):
        if isinstance(rows, (str, Mapping)):
            raise InvalidInput("The nodes are no list.", "Hand over rows of hostvars.")
    found: dict[str, dict[str, Any]] = {}
    for row, is_server in [*((row, True) for row in servers), *((row, False) for row in agents)]:
        found.setdefault(plain(row.get("inventory_hostname")), _node(row, is_server))
    return list(found.values())


def _node(row: Mapping[str, Any], is_server: bool) -> dict[str, Any]:
    # Only these variables are read: others may hold secrets of a vault that was not opened.
    name = plain(row.get("inventory_hostname"))
    config = row.get("k3s_config") or {}
    config = config if isinstance(config, Mapping) else {}
    labels = row.get("k3s_node_labels") or {}
    own = {
        HOSTNAME: plain(row.get("k3s_node_name") or name),
        "kubernetes.io/os": "linux",
        **({"node-role.kubernetes.io/control-plane": "true"} if is_server else {}),
    }
    cpus, memory = read_machine((row.get("__inference_machine") or {}).get("stdout") or "")
    return {
        "name": name,
        "is_server": is_server,
        "cpus": cpus,
        "memory_bytes": memory,
        "labels": {**own, **plain(labels)} if isinstance(labels, Mapping) else own,
        "taints": plain(row.get("k3s_node_taints") or []),
        "kubelet_arguments": _listed(config.get("kubelet-arg")) + _listed(config.get("kubelet-arg+")),
        "disabled": [
            word
            for text in _listed(row.get("k3s_disable")) + _listed(config.get("disable"))
            for word in str(text).split(",")
        ],
    }


def _listed(value: Any) -> list[Any]:
    return list(plain(value)) if isinstance(value, (list, tuple)) else [plain(value)] if value else []


def read_machine(text: Any) -> tuple[int | None, int | None]:
    """CPUs that are online and the bytes of memory, from the kernel's own files, as a kubelet counts them."""
    words = plain(text)
    online, memory = _ONLINE.search(words), _MEMORY.search(words)
    cpus = 0
    for part in online[0].split(",") if online else ():
        first, _, last = part.partition("-")
        cpus += int(last or first) - int(first) + 1
    return cpus or None, int(memory[1]) * 1024 if memory else None
