"""The fixtures that scenarios share. One whose site has other names has a conftest of its own for these."""

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
