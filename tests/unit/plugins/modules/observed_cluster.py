"""What cluster_objects_info says of one Deployment, for the tests of what it finds."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.inference.stack.plugins.modules import cluster_objects_info

from tests.unit.plugins.modules.cluster_documents import DEPLOYMENT, ENGINE, ask
from tests.unit.plugins.modules.module_runner import ModuleRun, ModuleRunner
from tests.unit.plugins.scripted_server import ScriptedServer

ENGINE_PATH = "/apis/apps/v1/namespaces/ml/deployments/engine"
ENGINE_NAME = "apps/v1 Deployment ml/engine"


class Cluster:
    """What the module says of one Deployment whose dry run ends as a test wants it."""

    def __init__(self, server: ScriptedServer, run_module: ModuleRunner) -> None:
        self.server = server
        self._run_module = run_module
        self.tries(ENGINE_PATH, ENGINE)

    def tries(self, path: str, outcome: dict[str, Any], status: int = 200) -> None:
        self.server.routes[f"PATCH {path}"] = lambda exchange: exchange.reply(outcome, status)

    def reads(self, found: dict[str, Any]) -> None:
        self.server.routes[f"GET {ENGINE_PATH}"] = lambda exchange: exchange.reply(found)

    def ask(self, check: bool = False, **more: Any) -> ModuleRun:
        wanted = {"owner": "vllm", "namespace": "ml", "definitions": [DEPLOYMENT], **more}
        return self.ask_all([wanted], check)

    def ask_all(self, sets: list[dict[str, Any]], check: bool = False) -> ModuleRun:
        return self._run_module(cluster_objects_info.main, ask(self.server, sets=sets), check=check)

    def found(self, **more: Any) -> dict[str, Any]:
        run = self.ask(**more)
        assert not run.failed, run.result
        return found(run)

    def verdict(self, **more: Any) -> str:
        rows = self.found(**more)["objects"]
        return next(row["verdict"] for row in rows if row["object"] == ENGINE_NAME)

    def applied(self, **more: Any) -> list[dict[str, Any]]:
        return [row["definition"] for row in self.found(**more)["pending"]]


def found(run: ModuleRun) -> dict[str, Any]:
    rows: dict[str, Any] = run.result["owners"]["vllm"]
    return rows


def engine(**spec: Any) -> dict[str, Any]:
    outcome: dict[str, Any] = copy.deepcopy(ENGINE)
    outcome["spec"].update(spec)
    return outcome
