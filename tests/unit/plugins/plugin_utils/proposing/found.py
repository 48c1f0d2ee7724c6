"""Machines that tests look at, and what is proposed for them."""

from __future__ import annotations

from typing import Any

from ansible_collections.inference.stack.plugins.action.propose_site import read_example
from ansible_collections.inference.stack.plugins.plugin_utils.proposing.machines import (
    Machine,
    machines,
    with_seen,
)

GIB = 1024**3
EXAMPLE = read_example()
SERVER: dict[str, Any] = {"name": "server", "memory_bytes": 16 * GIB, "cores": 4, "sudo": "free"}
GPU: dict[str, Any] = {
    "name": "gpu",
    "pci_ids": ["10de:2504"],
    "driver": "570.195.03",
    "memory_bytes": 32 * GIB,
    "cores": 8,
    "free_bytes": 200 * GIB,
    "sudo": "free",
}


def pair(server: dict[str, Any] | None = None, gpu: dict[str, Any] | None = None) -> list[Machine]:
    """The example's two machines; keys given here replace what they said."""
    listed = machines("192.0.2.10", "192.0.2.11", "admin")
    return with_seen(listed, [SERVER | (server or {}), GPU | (gpu or {})])
