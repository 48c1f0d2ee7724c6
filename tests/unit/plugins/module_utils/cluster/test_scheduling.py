"""A pod without a node: what the scheduler says, whether waiting helps, and which variable does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.cluster.scheduling import (
    _ROLES,
    grace,
    refusal,
    remedies,
)

from tests.unit.plugins.module_utils.cluster.waited_pods import unschedulable

ROLES = Path(__file__).resolve().parents[5] / "roles"
# Up to 1.33, and after it the names of taints are no longer told.
OLD = (
    "0/{0} nodes are available: {1}. preemption: 0/{0} nodes are available: "
    "{0} Preemption is not helpful for scheduling."
)
OLDER = OLD + "."
NEW = (
    "0/{0} nodes are available: {1}. no new claims to deallocate, preemption: 0/{0} nodes are available: "
    "{0} No preemption victims found for incoming pod."
)
SHORT = "0/{0} nodes are available: {1}."
TAINTED = "node(s) had untolerated taint(s)"
ELSEWHERE = "node(s) didn't match Pod's node affinity/selector"
GPU = {"key": "gpu", "value": "true", "effect": "NoSchedule"}
PREFERRED = {"key": "busy", "effect": "PreferNoSchedule"}
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}
NEW_NODE = {"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"}
TOLERATED = {"tolerations": [{"key": "gpu", "operator": "Exists"}]}
LABELLED = {"nodeSelector": {"nvidia.com/gpu": "true"}}
ASKING = {
    "containers": [{"resources": {"requests": {"cpu": "250m", "memory": "512Mi", "nvidia.com/gpu": "1"}}}]
}
LEAVES = {"metadata": {"deletionTimestamp": "now"}}
JOB = {"metadata": {"ownerReferences": [{"kind": "Job"}]}, "status": {"phase": "Running"}}
ENDED_JOB = {**JOB, "status": {"phase": "Succeeded"}}
SERVES = {"metadata": {"ownerReferences": [{"kind": "ReplicaSet"}]}, "status": {"phase": "Running"}}


def node(name: str, *taints: dict[str, str], **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": [*taints]}}


LABELS: dict[str, Any] = {"nvidia.com/gpu": "true"}


@pytest.mark.parametrize("form", [OLD, OLDER, NEW, SHORT])
def test_every_form_of_the_message_is_read(form: str) -> None:
    told = form.format(3, f"1 node(s) had untolerated taint {{gpu: true}}, 2 Insufficient cpu, 1 {ELSEWHERE}")
    found = refusal(unschedulable(told))
    assert found is not None
    assert found.reasons == ("Insufficient cpu", ELSEWHERE, "node(s) had untolerated taint {gpu: true}")
    assert str(found).startswith(
        "0/3 nodes available: 1 untolerated taint {gpu: true}, 2 Insufficient cpu, 1 "
    )
    assert "reemption" not in str(found)


@pytest.mark.parametrize(
    "message",
    [
        "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
        "no nodes available to schedule pods",
        'running PreBind plugin "VolumeBinding": binding volumes: timed out',
        "",
    ],
)
def test_what_is_not_about_nodes_is_waited_for(message: str) -> None:
    pod = unschedulable(message)
    found = refusal(pod)
    assert found is not None
    assert str(found)
    assert grace(found, pod, [node("a")], []) is None


def test_a_pod_with_a_node_is_not_refused() -> None:
    assert refusal({"status": {"conditions": [{"type": "PodScheduled", "status": "True"}]}}) is None


@pytest.mark.parametrize(
    ("reasons", "spec", "nodes", "neighbours", "seconds"),
    [
        (f"1 {TAINTED}", {}, [node("a", GPU)], [], 30),
        ("1 node(s) had untolerated taint {gpu: true}", {}, [node("a", PREFERRED, GPU)], [], 30),
        # Kubernetes takes these back.
        (f"1 {TAINTED}", {}, [node("a", NOT_READY)], [], None),
        (f"1 {TAINTED}", TOLERATED, [node("a", GPU, NEW_NODE)], [], None),
        (f"2 {TAINTED}", {}, [node("a", GPU), node("b", NOT_READY)], [], None),
        # It will be ready and tainted.
        (f"1 {TAINTED}", {}, [node("a", GPU, NOT_READY)], [], 30),
        # A node that the pod does not want is no hope.
        (f"2 {TAINTED}", LABELLED, [node("a", GPU, **LABELS), node("b", NOT_READY)], [], 30),
        # The scheduler has not seen yet that it was taken out.
        (f"1 {TAINTED}", {}, [node("a")], [], None),
        (f"1 {ELSEWHERE}", LABELLED, [node("a")], [], 30),
        (f"1 {ELSEWHERE}, 1 {TAINTED}", LABELLED, [node("a"), node("b", GPU, **LABELS)], [], 30),
        ("1 Insufficient cpu, 1 Insufficient memory", ASKING, [node("a")], [SERVES, ENDED_JOB], 30),
        ("1 Insufficient cpu", ASKING, [node("a")], [SERVES, LEAVES], None),
        ("1 Insufficient cpu", ASKING, [node("a")], [JOB], None),
        ("1 Insufficient nvidia.com/gpu", ASKING, [node("a")], [], 180),
        (f"1 Insufficient nvidia.com/gpu, 1 {ELSEWHERE}", ASKING, [node("a"), node("b")], [], 180),
        ("1 Insufficient nvidia.com/gpu", ASKING, [node("a")], [LEAVES], None),
        # Nobody knows what these need.
        ("1 node(s) were unschedulable", {}, [node("a")], [], None),
        (f"1 {TAINTED}, 1 Too many pods", {}, [node("a", GPU), node("b")], [], None),
        ("1 node(s) had volume node affinity conflict", {}, [node("a")], [], None),
        # Nodes that may not be read.
        ("1 Insufficient cpu", ASKING, [], [], None),
    ],
)
def test_when_waiting_is_useless(
    reasons: str, spec: dict[str, Any], nodes: list[Any], neighbours: list[Any], seconds: float | None
) -> None:
    for form in (OLD, NEW):
        pod = unschedulable(form.format(max(len(nodes), 1), reasons), **spec)
        found = refusal(pod)
        assert found is not None
        assert grace(found, pod, nodes, neighbours) == seconds
        assert grace(found, pod, nodes, neighbours, daemons_start=True) == (
            None if seconds == 180 else seconds
        )


@pytest.mark.parametrize(
    ("reasons", "spec", "nodes", "owner", "told"),
    [
        (
            f"1 {TAINTED}",
            {},
            [node("a", GPU)],
            "ollama",
            ["Node a has the taint gpu=true:NoSchedule, ollama_tolerations, k3s_node_taints"],
        ),
        (f"1 {TAINTED}", {}, [node("a", GPU)], "mine", ["gpu=true:NoSchedule, tolerations of the workload"]),
        (
            f"1 {TAINTED}, 1 {ELSEWHERE}",
            LABELLED,
            [node("a", GPU, **LABELS), node("b")],
            "open-webui",
            ["Node a has, open_webui_tolerations"],
        ),
        (
            f"1 {ELSEWHERE}",
            LABELLED,
            [node("a")],
            "vllm",
            ["labels nvidia.com/gpu=true, k3s_node_labels, vllm_node_selector"],
        ),
        (
            "1 Insufficient cpu, 1 Insufficient memory",
            ASKING,
            [node("a")],
            "litellm",
            ["asks for 250m cpu, litellm_resources", "asks for 512Mi memory, litellm_resources"],
        ),
        ("1 Insufficient cpu", ASKING, [node("a")], "vllm", ["resources of the model, inference_models"]),
        (
            f"1 Insufficient nvidia.com/gpu, 1 {ELSEWHERE}",
            {**ASKING, **LABELLED},
            [node("a", **LABELS), node("b")],
            "vllm",
            ["asks for 1 nvidia.com/gpu, doctor.yml"],
        ),
    ],
)
def test_the_variable_is_named(
    reasons: str, spec: dict[str, Any], nodes: list[Any], owner: str, told: list[str]
) -> None:
    pod = unschedulable(NEW.format(len(nodes), reasons), **spec)
    found = refusal(pod)
    assert found is not None
    lines = list(remedies(found, pod, nodes, owner))
    assert len(lines) == len(told)
    for line, parts in zip(lines, told, strict=True):
        for part in parts.split(", "):
            assert part in line


def test_the_roles_have_these_inputs() -> None:
    for role in _ROLES:
        document = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text("utf-8"))
        inputs = set(document["argument_specs"]["main"]["options"])
        named = {f"{role}_tolerations", f"{role}_node_selector"} | (
            {f"{role}_resources"} - {"vllm_resources"}
        )
        assert named <= inputs, role
