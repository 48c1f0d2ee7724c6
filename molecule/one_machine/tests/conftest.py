"""The fixtures of the scenario are those that scenarios share."""

from __future__ import annotations

from tests.rehearsal_fixtures import (
    cluster,
    gateway,
    gateway_port,
    gpu,
    host_of,
    lab,
    model,
    namespace,
    secrets,
    server,
    state,
)

__all__ = [
    "cluster",
    "gateway",
    "gateway_port",
    "gpu",
    "host_of",
    "lab",
    "model",
    "namespace",
    "secrets",
    "server",
    "state",
]
