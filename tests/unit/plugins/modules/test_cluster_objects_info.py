"""The module cluster_objects_info, against a server that answers like a cluster."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.modules import cluster_objects_info

from tests.unit.plugins.modules.cluster_documents import DEPLOYMENT, TOKEN, ask
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.scripted_server import ScriptedServer


@pytest.mark.parametrize("check", [True, False])
def test_it_reads_what_an_owner_has(cluster: ScriptedServer, run_module: ModuleRunner, check: bool) -> None:
    certificate = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "tls", "namespace": "ml"},
    }
    elsewhere = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "other"}}
    run = run_module(
        cluster_objects_info.main,
        ask(
            cluster,
            owner="vllm",
            namespace="ml",
            definitions=[DEPLOYMENT, certificate, elsewhere],
            config_maps=["inference-mode", "absent"],
        ),
        check=check,
    )
    assert run.exit_code == 0, run.result
    engine, missing_api, missing_namespace = run.result["objects"]
    assert engine["exists"] and engine["replicas"] == 1
    assert engine["replicas_managers"] == ["inference-mode"]
    assert (missing_api["obstacle"], missing_namespace["obstacle"]) == ("api", "namespace")
    assert [item["metadata"]["name"] for item in run.result["stale"]] == ["mine"]
    assert run.result["config_maps"] == {"inference-mode": {"mode": "ml"}}
    assert run.result["changed"] is False
    assert cluster.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert cluster.connections == 1
