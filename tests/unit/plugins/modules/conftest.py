"""Fixtures of the modules that read a cluster."""

from __future__ import annotations

import functools

import pytest

from tests.unit.plugins.modules.cluster_documents import DOCUMENTS
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.modules.observed_cluster import Cluster
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer


@pytest.fixture
def cluster(server: ScriptedServer) -> ScriptedServer:
    for path, document in DOCUMENTS.items():
        server.routes[f"GET {path}"] = functools.partial(Exchange.reply, body=document)
    return server


@pytest.fixture
def site(cluster: ScriptedServer, run_module: ModuleRunner) -> Cluster:
    """A cluster as cluster_objects_info sees it."""
    return Cluster(cluster, run_module)
