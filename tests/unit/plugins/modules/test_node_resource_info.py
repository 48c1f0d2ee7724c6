"""The module node_resource_info, against a server that answers like a cluster."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.modules import node_resource_info

from tests.unit.plugins.modules.cluster_documents import ask
from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.scripted_server import ScriptedServer


def test_a_node_offers_a_gpu_or_the_labels_are_named(
    cluster: ScriptedServer, run_module: ModuleRunner
) -> None:
    run = run_module(node_resource_info.main, ask(cluster, node_selector={"gpu": "true"}))
    assert run.result["offering"] == {"worker": 1}
    cluster.routes["GET /api/v1/nodes?labelSelector=gpu%3Dtrue"] = lambda exchange: exchange.reply(
        {"items": []}
    )
    run = run_module(node_resource_info.main, ask(cluster, node_selector={"gpu": "true"}, timeout=0))
    assert run.failed and "No node has the labels gpu=true" in run.result["msg"]
