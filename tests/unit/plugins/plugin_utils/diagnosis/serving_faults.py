"""Faults of cluster, engines and gateway, as playbooks/steps/observe.yml sees them."""

from __future__ import annotations

from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import (
    BROKEN,
    DEGRADED,
    QWEN,
    Fault,
    Planted,
    answer,
    engine,
    no_answer,
    pod,
)
from tests.unit.plugins.plugin_utils.diagnosis.host_faults import no_engine_endpoint


def plugin_gone(site: Planted) -> None:
    site.node.update(allocatable=0)
    site.workload("nvidia-device-plugin").update(pods=[], wanted=0, summary="is scaled to 0")


def plugin_crashes(site: Planted) -> None:
    site.node.update(allocatable=0)
    trouble = {"reason": "CrashLoopBackOff", "message": "ended with exit code 1", "container": "x"}
    site.workload("nvidia-device-plugin")["pods"] = [pod("plugin-1", ready=False, troubles=[trouble])]


def scaled_down(site: Planted) -> None:
    site.engine.update(wanted=0, pods=[], summary="is scaled to 0")
    site.seen["engines"] = []
    site.answered_by("cpu")


def deployment_gone(site: Planted) -> None:
    scaled_down(site)
    site.engine.update(exists=False)


def quota(site: Planted) -> None:
    scaled_down(site)
    site.engine.update(wanted=1, complaints=["FailedCreate: exceeded quota"])


def log_that_tells(site: Planted) -> None:
    cause = {"told": "the GPU's memory ran out", "fix": "Lower max_model_len", "line": "CUDA out of memory"}
    site.troubled("CrashLoopBackOff", "ended with exit code 1", restarts=3, cause=cause)


def log_without_known_cause(site: Planted) -> None:
    site.troubled(
        "CrashLoopBackOff", "ended with exit code 2", restarts=3, log=["INFO hi", "KeyError: 'x'", ""]
    )


def loading(site: Planted) -> None:
    site.troubled("runs but is not ready")


def stuck_loading(site: Planted) -> None:
    site.troubled("runs but is not ready", running_since="2026-01-15T07:59:00Z", log=["waiting for cores"])


def hanging_engine(site: Planted) -> None:
    site.seen["engines"] = [engine(alive=False, models=(), error="no complete answer within 10 s")]
    site.answered_by("cpu")


def stalled_engine(site: Planted) -> None:
    """vLLM's own /health says 200 then, so the pod may still count as ready."""
    verdict = {"healthy": False, "live": True, "stalled": True, "reason": "2 requests wait for 14 s"}
    site.seen["watchdogs"] = [{"item": pod("engine-1"), "json": verdict}]
    site.answered_by("cpu")


def wrong_name(site: Planted) -> None:
    site.seen["engines"] = [engine(models=("other",))]
    site.answered_by("cpu")


def closed_policy(site: Planted) -> None:
    site.cluster["network_policies"][0]["spec"]["ingress"] = []
    site.answered_by("cpu")


def empty_service(site: Planted) -> None:
    site.cluster["services"]["qwen3-8b-awq-inference"] = 0
    site.answered_by("cpu")


def empty_service_of_pods(site: Planted) -> None:
    site.cluster["services"]["qwen3-8b-awq-inference-pods"] = 0
    site.answered_by("cpu")


def gateway_scaled_down(site: Planted) -> None:
    site.gateway.update(
        reachable=False, alive=False, answers=[], error="192.0.2.10:30400 refuses connections"
    )
    site.workload("litellm").update(wanted=0, pods=[])


def gateway_crashes(site: Planted) -> None:
    gateway_scaled_down(site)
    trouble = {"reason": "CrashLoopBackOff", "message": "ended with exit code 3", "container": "litellm"}
    site.workload("litellm").update(wanted=1, pods=[pod("litellm-1", ready=False, troubles=[trouble])])


def wrong_key(site: Planted) -> None:
    site.gateway.update(refused=True, answers=[], error="GET /v1/models answered HTTP 401")


def nobody_answers(site: Planted) -> None:
    site.gateway["answers"] = [no_answer(QWEN), no_answer("qwen3:4b")]


def unnamed_model(site: Planted) -> None:
    site.gateway.update(models=["qwen3:4b"], answers=[no_answer(QWEN, "HTTP 400"), answer("qwen3:4b", "cpu")])


def cpu_tier_gone(site: Planted) -> None:
    site.workload("ollama").update(wanted=0, pods=[])
    site.gateway["answers"][1] = no_answer("qwen3:4b")


def no_cluster(site: Planted) -> None:
    site.seen["cluster"] = {"answers": False, "reason": "server has no kubeconfig"}
    no_engine_endpoint(site)


def nothing_installed(site: Planted) -> None:
    no_cluster(site)
    site.stack["runtime"] = {"path": None}
    site.stack.update(cdi=[], services=[])
    site.seen["gateway"] = {"url": "u", "reachable": False, "error": "refuses connections", "has_key": True}


def agent_stopped(site: Planted) -> None:
    site.stack["services"][0].update(state="inactive", detail="dead")


SERVING_FAULTS: dict[str, Fault] = {
    "no cluster": (no_cluster, "node", DEGRADED, ["no kubeconfig", "systemctl status k3s"]),
    "agent stopped": (agent_stopped, "node", DEGRADED, ["k3s-agent is inactive", "systemctl restart"]),
    "node unknown": (
        lambda site: site.cluster.update(nodes=[]),
        "node",
        DEGRADED,
        ["no node gpu", "--tags hosts"],
    ),
    "node not ready": (
        lambda site: site.node.update(ready=False, reason="Kubelet stopped posting node status."),
        "node",
        DEGRADED,
        ["stopped posting", "journalctl -u k3s-agent"],
    ),
    "label": (
        lambda site: site.node.update(labels={}),
        "node",
        DEGRADED,
        ["nvidia.com/gpu=true", "k3s_node_labels"],
    ),
    "taint": (lambda site: site.node.update(taints=[]), "node", DEGRADED, ["gpu=true:NoSchedule"]),
    "cordoned": (
        lambda site: site.node.update(unschedulable=True),
        "node",
        DEGRADED,
        ["cordoned", "kubectl uncordon gpu"],
    ),
    "no device plugin": (
        plugin_gone,
        "node",
        DEGRADED,
        ["nvidia-device-plugin has no pod", "--tags cluster"],
    ),
    "device plugin crashes": (plugin_crashes, "node", DEGRADED, ["CrashLoopBackOff", "logs plugin-1"]),
    "scaled to 0": (scaled_down, "pod", DEGRADED, ["scaled to 0", "--replicas=1"]),
    "deployment gone": (
        deployment_gone,
        "pod",
        DEGRADED,
        ["does not exist", "--tags cluster"],
    ),
    "quota": (quota, "pod", DEGRADED, ["exceeded quota", "describe"]),
    "unschedulable": (
        lambda site: site.troubled(
            "Unschedulable", "0/2 nodes: Insufficient nvidia.com/gpu", "", phase="Pending"
        ),
        "pod",
        DEGRADED,
        ["Insufficient nvidia.com/gpu", "taints"],
    ),
    "image": (
        lambda site: site.troubled("ErrImageNeverPull", "image is not present", phase="Pending"),
        "pod",
        DEGRADED,
        ["ErrImageNeverPull", "inference_vllm_image"],
    ),
    "container cannot be created": (
        lambda site: site.troubled("RunContainerError", "unresolvable CDI devices", phase="Pending"),
        "pod",
        DEGRADED,
        ["unresolvable CDI devices", "CDI specification"],
    ),
    "sandbox": (
        lambda site: site.troubled("Pending", phase="Pending", events=["FailedCreatePodSandBox: no runtime"]),
        "pod",
        DEGRADED,
        ["FailedCreatePodSandBox"],
    ),
    "known cause": (log_that_tells, "engine", DEGRADED, ["memory ran out", "max_model_len"]),
    "unknown cause": (log_without_known_cause, "engine", DEGRADED, ["exit code 2", "KeyError", "--previous"]),
    "loading": (loading, "engine", DEGRADED, ["loading for 60 s of at most 5 min", "Wait"]),
    "stuck": (stuck_loading, "engine", DEGRADED, ["waiting for cores", "logs engine-1"]),
    "hangs": (hanging_engine, "engine", DEGRADED, ["no complete answer within 10 s", "delete the pod"]),
    "stalls": (stalled_engine, "engine", DEGRADED, ["2 requests wait for 14 s", "logs engine-1 -c vllm"]),
    "served name": (wrong_name, "model", DEGRADED, ["names other instead of " + QWEN, "--tags cluster"]),
    "policy": (closed_policy, "gateway", DEGRADED, ["NetworkPolicy vllm-server", "vllm_allowed_peers"]),
    "service of pods": (empty_service_of_pods, "gateway", DEGRADED, ["Service qwen3-8b-awq-inference-pods"]),
    "service": (empty_service, "gateway", DEGRADED, ["Service qwen3-8b-awq-inference"]),
    "lower tier": (
        lambda site: site.answered_by("cloud"),
        "gateway",
        DEGRADED,
        ["tier cloud answered instead of gpu", "logs deployment/litellm"],
    ),
    "cpu tier gone": (cpu_tier_gone, "gateway", DEGRADED, ["ollama is scaled to 0", "--replicas=1"]),
    "gateway scaled to 0": (gateway_scaled_down, "gateway", BROKEN, ["litellm is scaled to 0"]),
    "gateway crashes": (gateway_crashes, "gateway", BROKEN, ["CrashLoopBackOff", "logs litellm-1"]),
    "wrong key": (wrong_key, "gateway", BROKEN, ["refuses the key", "inference_gateway_key"]),
    "nobody answers": (
        nobody_answers,
        "gateway",
        BROKEN,
        [f"{QWEN} is not answered", "logs deployment/litellm"],
    ),
    "model unknown to the gateway": (unnamed_model, "gateway", BROKEN, ["does not name the model"]),
    "nothing installed": (nothing_installed, "runtime", BROKEN, ["not installed"]),
}
