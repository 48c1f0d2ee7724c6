"""What playbooks/steps/observe.yml sees of a healthy home: one eGPU host, two modes, three tiers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import yaml

from tests.unit.plugins.plugin_utils.planning.sites import plan

NOW = 1_800_000_000.0
QWEN, R1 = "Qwen/Qwen3-8B-AWQ", "r1-distill"
GATEWAY_LABELS = {"app.kubernetes.io/name": "litellm"}
ENGINE_LABELS = {"app": "vllm-server", "inference.stack/model": "qwen3-8b-awq"}


def model(name: str, served_name: str, mode: str) -> dict[str, Any]:
    return {
        "name": name,
        "served_name": served_name,
        "deployment": f"vllm-{name}",
        "service": f"{name}-inference",
        "mode": mode,
        "load_timeout": 300,
    }


def answer(name: str, tier: str, **more: Any) -> dict[str, Any]:
    return {"model": name, "answered": True, "tier": tier, "latency_s": 0.2, "error": "", **more}


def no_answer(name: str, error: str = "HTTP 500") -> dict[str, Any]:
    return answer(name, "unknown", answered=False, error=error)


def pod(name: str, node: str = "gpu", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "node": node,
        "ip": "10.42.1.5",
        "phase": "Running",
        "ready": True,
        "restarts": 0,
        "running_since": "2027-01-15T07:59:00Z",
        "labels": {},
        "troubles": [],
        "events": [],
        "cause": None,
        "log": [],
        **more,
    }


def workload(kind: str, name: str, pods: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "namespace": "kube-system" if kind == "DaemonSet" else "ml",
        "name": name,
        "exists": True,
        "wanted": len(pods),
        "summary": f"{len(pods)} of {len(pods)} pods are available",
        "image": f"registry.example.com/{name}:1.0",
        "complaints": [],
        "labels": {},
        "pods": pods,
        **more,
    }


def engine(alive: bool = True, models: tuple[str, ...] = (QWEN,), error: str = "") -> dict[str, Any]:
    return {"item": {"name": "engine-1"}, "alive": alive, "models": list(models), "error": error}


def route(name: str, target: str, address: str = "") -> dict[str, Any]:
    where = {"api_base": address} if address else {}
    return {"model_name": name, "litellm_params": {"model": target, **where}}


PLAN: dict[str, Any] = {
    "namespace": "ml",
    # The parts of any site; a model's engine is found by its own row.
    "parts": plan({"models": [], "tiers": {"cpu": {"model": "qwen3:4b"}}})["parts"],
    "default_mode": "ml",
    "vllm_models": [model("qwen3-8b-awq", QWEN, "ml"), model("r1", R1, "r1")],
    "litellm_engines": [
        {
            "name": "qwen3-8b-awq-inference",
            "url": "http://qwen3-8b-awq-inference-pods.ml.svc.cluster.local:8000",
        }
    ],
    "litellm_models": [
        route(QWEN, f"hosted_vllm/{QWEN}", "http://127.0.0.1:8100/qwen3-8b-awq-inference/v1"),
        route(R1, f"hosted_vllm/{R1}", "http://127.0.0.1:8100/r1-inference/v1"),
        route("qwen3:4b", "ollama_chat/qwen3:4b", "http://127.0.0.1:8100/ollama"),
        route("gpt-4o-mini", "openai/gpt-4o-mini"),
    ],
    "litellm_aliases": {"vllm-qwen": QWEN},
    "fallback_config": {"LLM_ENDPOINT": "http://litellm.ml.svc.cluster.local:4000/v1", "LLM_MODEL": QWEN},
    "tiers": [
        {"name": "gpu", "backend": "vllm", "models": [QWEN, R1]},
        {"name": "cpu", "backend": "ollama", "models": ["qwen3:4b"]},
        {"name": "cloud", "backend": "openai", "models": ["gpt-4o-mini"]},
    ],
}
GPU: dict[str, Any] = {
    "gpus": [
        {
            "index": 0,
            "name": "NVIDIA GeForce RTX 3060",
            "memory_total_bytes": 12 * 2**30,
            "memory_used_bytes": 10 * 2**30,
            "cuda_driver_version": "12.8",
        }
    ],
    "pci_devices": [
        {
            "bus_id": "0000:01:00.0",
            "device_id": "2504",
            "driver": "nvidia",
            "answers": True,
            "link": {"width_lanes": 4, "width_max_lanes": 4, "speed_gt_per_s": 2.5},
        }
    ],
    "thunderbolt_devices": [],
    "silent_gpus": [],
    "driver": {
        "state": "ready",
        "reason": "",
        "loaded": "570.195.03",
        "library": "570.195.03",
        "mismatch": False,
    },
}
STACK: dict[str, Any] = {
    "is_container": False,
    "kernel_modules": ["nvidia", "nvidia_uvm"],
    "device_nodes": [
        {"path": "/dev/nvidia-uvm", "is_card": False, "is_device": True},
        {"path": "/dev/nvidia0", "is_card": True, "is_device": True},
        {"path": "/dev/nvidiactl", "is_card": False, "is_device": True},
    ],
    "runtime": {
        "path": "/usr/bin/nvidia-container-runtime",
        "version": "1.18.0",
        "failure": "",
        "mode": "cdi",
        "containerd_settings": "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
        "is_known_to_containerd": True,
    },
    "cdi": [
        {
            "path": "/etc/cdi/nvidia.yaml",
            "devices": ["0", "all"],
            "missing": [],
            "driver_version": "570.195.03",
        }
    ],
    "services": [{"name": "k3s-agent", "state": "active", "detail": "running"}],
    "kernel_log": {"is_readable": True, "xids": []},
}
CONFIGURATION: dict[str, Any] = {
    "model_list": PLAN["litellm_models"],
    "litellm_settings": {"fallbacks": [{QWEN: ["qwen3:4b", "gpt-4o-mini"]}, {"vllm-qwen": ["qwen3:4b"]}]},
    "router_settings": {"model_group_alias": PLAN["litellm_aliases"]},
}
NODE: dict[str, Any] = {
    "name": "gpu",
    "ready": True,
    "reason": "kubelet is posting ready status",
    "unschedulable": False,
    "labels": {"nvidia.com/gpu": "true"},
    "taints": ["gpu=true:NoSchedule"],
    "addresses": ["192.0.2.11"],
    "capacity": "1",
    "allocatable": 1,
    "version": "v1.34.2+k3s1",
}
POLICY: dict[str, Any] = {
    "name": "vllm-server",
    "spec": {
        "podSelector": {"matchLabels": {"app": "vllm-server"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": {"matchLabels": GATEWAY_LABELS}}]}],
    },
}


def healthy() -> dict[str, Any]:
    """A copy of its own, to plant a fault into."""
    return copy.deepcopy(
        {
            "now": NOW,
            "plan": PLAN,
            "hosts": [
                {
                    "name": "gpu",
                    "node": "gpu",
                    "address": "192.0.2.11",
                    "reachable": True,
                    "error": "",
                    "labels": {"nvidia.com/gpu": "true"},
                    "taints": ["gpu=true:NoSchedule"],
                    "gpu": GPU,
                    "stack": STACK,
                }
            ],
            "cluster": {
                "answers": True,
                "reason": "",
                "server": "https://192.0.2.10:6443",
                "version": "v1.34.2+k3s1",
                "nodes": [NODE, {**NODE, "name": "server", "allocatable": 0, "capacity": None, "taints": []}],
                "workloads": [
                    workload("Deployment", "vllm-qwen3-8b-awq", [pod("engine-1")], labels=ENGINE_LABELS),
                    workload("Deployment", "vllm-r1", []),
                    workload("Deployment", "litellm", [pod("litellm-1", "server")], labels=GATEWAY_LABELS),
                    workload("Deployment", "ollama", [pod("ollama-1", "server")]),
                    workload("DaemonSet", "nvidia-device-plugin", [pod("plugin-1")]),
                ],
                "config_maps": {
                    "inference-mode": {"mode": "ml"},
                    "litellm": {"config.yaml": yaml.safe_dump(CONFIGURATION)},
                },
                "network_policies": [POLICY],
                "services": {"qwen3-8b-awq-inference": 1, "qwen3-8b-awq-inference-pods": 1, "litellm": 1},
            },
            "engines": [engine()],
            "gateway": {
                "url": "http://192.0.2.10:30400",
                "has_key": True,
                "reachable": True,
                "alive": True,
                "refused": False,
                "models": [QWEN, R1, "qwen3:4b"],
                "answers": [answer(QWEN, "gpu"), answer("qwen3:4b", "cpu")],
                "error": "",
            },
        }
    )


class Planted:
    """A healthy site, and the places where faults are planted."""

    def __init__(self) -> None:
        self.seen = healthy()

    @property
    def host(self) -> Any:
        return self.seen["hosts"][0]

    @property
    def gpu(self) -> Any:
        return self.host["gpu"]

    @property
    def stack(self) -> Any:
        return self.host["stack"]

    @property
    def cluster(self) -> Any:
        return self.seen["cluster"]

    @property
    def node(self) -> Any:
        return self.cluster["nodes"][0]

    @property
    def gateway(self) -> Any:
        return self.seen["gateway"]

    def workload(self, name: str) -> Any:
        return next(row for row in self.cluster["workloads"] if row["name"] == name)

    @property
    def engine(self) -> Any:
        return self.workload("vllm-qwen3-8b-awq")

    @property
    def engine_pod(self) -> Any:
        return self.engine["pods"][0]

    def answered_by(self, tier: str) -> None:
        """What clients see while the engine is away."""
        self.gateway["answers"][0] = answer(QWEN, tier)

    def troubled(self, reason: str, message: str = "", container: str = "vllm", **more: Any) -> None:
        """The engine's pod does not serve, and the next tier answers."""
        trouble = {"reason": reason, "message": message, "container": container}
        self.engine_pod.update({"ready": False, "troubles": [trouble], **more})
        self.seen["engines"] = []
        self.answered_by("cpu")


Plant = Callable[[Planted], Any]
# How it is planted, the layer that is to blame, the verdict, and words of evidence and next step.
Fault = tuple[Plant, str, str, list[str]]
OK, DEGRADED, BROKEN = "ok", "degraded", "broken"
