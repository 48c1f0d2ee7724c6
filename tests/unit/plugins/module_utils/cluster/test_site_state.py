"""What a cluster runs is read in one pass, and what does not serve comes with its reasons."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster.api import Refused
from ansible_collections.inference.stack.plugins.module_utils.cluster.objects import Identity
from ansible_collections.inference.stack.plugins.module_utils.cluster.site_state import (
    SiteState,
    Wanted,
    describe_node,
    ready_addresses,
)

GPU = "nvidia.com/gpu"
LABELS = {"app": "vllm-server"}
ENGINE: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "engine", "namespace": "ml", "generation": 1},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [{"image": "vllm:1"}]}},
    },
    "status": {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1, "replicas": 1},
}
SERVING: dict[str, Any] = {
    "metadata": {"name": "engine-1", "labels": {**LABELS, "hash": "x"}},
    "spec": {"nodeName": "gpu"},
    "status": {
        "phase": "Running",
        "podIP": "10.42.1.5",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {"name": "vllm", "ready": True, "restartCount": 2, "state": {"running": {"startedAt": "t"}}}
        ],
    },
}
CRASHING: dict[str, Any] = {
    **SERVING,
    "status": {
        "phase": "Running",
        "containerStatuses": [
            {
                "name": "vllm",
                "ready": False,
                "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
            }
        ],
    },
}
TAINTS = [{"key": "gpu", "value": "true", "effect": "NoSchedule"}, {"key": "k", "effect": "NoExecute"}]
NODE: dict[str, Any] = {
    "metadata": {"name": "gpu", "labels": {GPU: "true"}},
    "spec": {"unschedulable": True, "taints": TAINTS},
    "status": {
        "conditions": [{"type": "Ready", "status": "False", "message": "kubelet has gone"}],
        "addresses": [{"type": "InternalIP", "address": "192.0.2.11"}],
        "capacity": {GPU: "1"},
        "allocatable": {GPU: "1"},
        "nodeInfo": {"kubeletVersion": "v1.34.2"},
    },
}
LOG = "/api/v1/namespaces/ml/pods/engine-1/log"
OUT_OF_MEMORY = (
    "INFO start\ntorch.OutOfMemoryError: CUDA out of memory.\n" + "noise\n" * 30 + "exit, key sk-abcdef12\n"
)


class Documents:
    """Answers by path; what it does not know does not exist."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        self.documents = dict(documents)
        self.asked: list[str] = []

    def get(self, path: str) -> Any:
        self.asked.append(path)
        found = self.documents.get(path)
        if isinstance(found, Exception):
            raise found
        return copy.deepcopy(found)

    def text(self, path: str, query: Mapping[str, str]) -> str:
        text: str = self.documents.get(f"{path}?{urlencode(query)}", "")
        return text

    def read(self, api_version: str, kind: str, namespace: str, name: str) -> Any:
        return self.get(f"{kind} {namespace}/{name}")


def read(pods: list[dict[str, Any]], documents: Mapping[str, Any] | None = None) -> dict[str, Any]:
    api = Documents(
        {
            "/version": {"gitVersion": "v1.34.2+k3s1"},
            "/api/v1/namespaces/ml": {"metadata": {"name": "ml"}},
            "Deployment ml/engine": ENGINE,
            "/api/v1/namespaces/ml/pods": {"items": pods},
            "ConfigMap ml/inference-mode": {"data": {"mode": "ml"}},
            **(documents or {}),
        }
    )
    workloads = [Identity.parse("apps/v1 Deployment ml/engine"), Identity.parse("apps/v1 Deployment ml/gone")]
    wanted = Wanted("ml", workloads, ["inference-mode", "none"], GPU)
    return SiteState(api, wanted).read()


def test_a_serving_engine() -> None:
    found = read([SERVING])
    engine, gone = found["workloads"]
    assert (engine["exists"], engine["wanted"], engine["image"], engine["labels"]) == (
        True,
        1,
        "vllm:1",
        LABELS,
    )
    (pod,) = engine["pods"]
    assert (pod["name"], pod["node"], pod["ip"], pod["ready"], pod["restarts"]) == (
        *("engine-1", "gpu", "10.42.1.5"),
        *(True, 2),
    )
    assert pod["troubles"] == pod["events"] == pod["log"] == []
    assert (gone["exists"], gone["pods"], gone["wanted"]) == (False, [], 0)
    assert found["version"] == "v1.34.2+k3s1"
    assert found["config_maps"] == {"inference-mode": {"mode": "ml"}}


def test_pods_of_others_and_those_on_their_way_out_are_left_out() -> None:
    leaving = copy.deepcopy(SERVING)
    leaving["metadata"]["deletionTimestamp"] = "now"
    other = copy.deepcopy(SERVING)
    other["metadata"]["labels"] = {"app": "other"}
    assert read([leaving, other])["workloads"][0]["pods"] == []


def test_a_crash_comes_with_the_log_of_the_container_before() -> None:
    query = urlencode({"container": "vllm", "tailLines": "400", "previous": "true"})
    event = {
        "type": "Warning",
        "reason": "BackOff",
        "message": "again",
        "involvedObject": {"name": "engine-1"},
    }
    found = read(
        [CRASHING],
        {
            f"{LOG}?{query}": OUT_OF_MEMORY,
            "/api/v1/namespaces/ml/events": {"items": [event, {**event, "involvedObject": {"name": "x"}}]},
        },
    )
    (pod,) = found["workloads"][0]["pods"]
    assert pod["troubles"][0]["reason"] == "CrashLoopBackOff"
    assert pod["events"] == ["BackOff: again"]
    assert pod["cause"]["cause"] == "cuda_out_of_memory"
    assert len(pod["log"]) == 12
    assert pod["log"][-1] == "exit, key sk-***"


def test_what_a_login_may_not_see_hides_nothing_else() -> None:
    found = read([SERVING], {"/api/v1/nodes": Refused("no", 403)})
    assert found["nodes"] == []
    assert found["workloads"][0]["pods"]


def test_other_refusals_are_said() -> None:
    with pytest.raises(Refused):
        read([SERVING], {"/api/v1/nodes": Refused("no", 500)})


def test_a_node() -> None:
    assert describe_node(NODE, GPU) == {
        "name": "gpu",
        "ready": False,
        "reason": "kubelet has gone",
        "unschedulable": True,
        "labels": {GPU: "true"},
        "taints": ["gpu=true:NoSchedule", "k:NoExecute"],
        "addresses": ["192.0.2.11"],
        "capacity": "1",
        "allocatable": 1,
        "version": "v1.34.2",
    }


def test_a_node_that_says_nothing() -> None:
    node = describe_node({"metadata": {"name": "new"}}, GPU)
    assert (node["ready"], node["allocatable"], node["capacity"]) == (False, 0, None)


def test_addresses_of_a_service_are_summed_over_its_slices() -> None:
    def part(*ready: Any) -> dict[str, Any]:
        rows = [{"conditions": {} if value is None else {"ready": value}} for value in ready]
        return {"metadata": {"labels": {"kubernetes.io/service-name": "api"}}, "endpoints": rows}

    assert ready_addresses([part(True, False), part(None), {"metadata": {}, "endpoints": [{}]}]) == {"api": 2}
    assert ready_addresses([{"metadata": {"labels": {"kubernetes.io/service-name": "x"}}}]) == {"x": 0}
