"""CPU and memory of the nodes, and what pods ask of them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.planning.inputs.hardware import Hardware
from ansible_collections.inference.stack.plugins.plugin_utils.planning.inputs.nodes import Node
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.findings import Findings
from ansible_collections.inference.stack.plugins.plugin_utils.planning.scheduling import schedule
from ansible_collections.inference.stack.plugins.plugin_utils.planning.workloads import DEFAULTS, Pod
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.plugin_utils.planning.sites import GIB, home_lab, one, plan, refusal

ROOT = Path(__file__).parents[5]
LABEL = {"nvidia.com/gpu": "true", "kubernetes.io/os": "linux"}
NO_GPU = Hardware((), complete=True)


def node(name: str = "worker", cpus: float | None = 4, gib: float | None = 16, **more: Any) -> dict[str, Any]:
    memory = None if gib is None else int(gib * GIB)
    return {"name": name, "cpus": cpus, "memory_bytes": memory, "labels": LABEL, **more}


def server(**more: Any) -> dict[str, Any]:
    return node("server", is_server=True, labels={"kubernetes.io/os": "linux"}, **more)


def test_its_defaults_are_those_of_the_roles() -> None:
    of_roles: dict[str, Any] = {}
    for path in ROOT.glob("roles/*/defaults/main.yml"):
        of_roles |= yaml.safe_load(path.read_text("utf-8"))
    assert {name: of_roles[name] for name in DEFAULTS} == DEFAULTS


def test_every_part_that_asks_for_something_is_counted() -> None:
    asking = {
        name
        for path in ROOT.glob("roles/*/defaults/main.yml")
        for name in yaml.safe_load(path.read_text("utf-8"))
        if name.endswith("_resources")
    }
    assert {name for name in DEFAULTS if name.endswith("_resources")} == asking


def test_what_each_node_is_asked_for() -> None:
    """The engine of one mode at a time, everything else always."""
    (row,) = plan(home_lab(nodes=[node()]))["nodes"]
    # Engine 0.5 and its watchdog 0.01, Ollama 0.5, gateway 0.25 and its HAProxy 0.02, device plugin 0.01,
    # CoreDNS and metrics-server 0.1 each.
    assert (row["name"], row["node"]) == ("worker", "worker")
    assert (row["cpus"], row["memory_bytes"]) == (4, 16 * GIB)
    assert {mode["mode"]: mode["cpus"] for mode in row["modes"]} == {"ml": 1.49, "r1": 1.49}
    mib = (4096 + 32 + 2048 + 512 + 32 + 32 + 2 * 70) * 1024**2
    assert {mode["memory_bytes"] for mode in row["modes"]} == {mib}


def test_parts_of_the_site_and_of_k3s_count_where_they_run() -> None:
    site = home_lab(
        nodes=[node(disabled=["metrics-server"])],
        parts={"inference_chat": True},
        tiers={"gpu": {}},
        workloads={"litellm_replicas": "2"},
    )
    (row,) = plan(site)["nodes"]
    assert row["modes"][0]["cpus"] == pytest.approx(0.51 + 2 * 0.27 + 0.1 + 0.01 + 0.1)


def test_the_engine_goes_where_its_label_is() -> None:
    taint = ["gpu=true:NoSchedule"]
    first, second = plan(home_lab(nodes=[server(), node(taints=taint)]))["nodes"]
    assert (first["modes"][0]["cpus"], second["modes"][0]["cpus"]) == (0.97, 0.52)


@pytest.mark.parametrize(
    ("nodes", "workloads", "told"),
    [
        (
            [node(cpus=1)],
            {},
            "worker would have to run pods that ask for 1.49 CPU in mode 'ml', and has 1 CPU for pods: "
            "qwen3-8b-awq 0.51 CPU (inference_models[0].resources), ollama 0.5 CPU (ollama_resources), "
            "gateway 0.27 CPU (litellm_resources), k3s' coredns 0.1 CPU, k3s' metrics-server 0.1 CPU, "
            "device-plugin 0.01 CPU (device_plugin_resources)",
        ),
        (
            [node(gib=6)],
            {},
            "worker would have to run pods that ask for 6.7 GiB in mode 'ml', and has 6.0 GiB",
        ),
        (
            [node(), server()],
            {"ollama_resources": {"requests": {"memory": "20Gi"}}},
            "ollama_resources: ollama asks for 20.0 GiB, and of the hosts that may run it (worker, server) "
            "none has more than 16.0 GiB",
        ),
        (
            [node(cpus=0.8), server(cpus=0.85)],
            {"litellm_resources": {"requests": {"cpu": "400m"}}},
            "inference_models[0].resources: the pods of mode 'ml' do not fit side by side on the nodes "
            "(worker 0.8 CPU and 16.0 GiB, server 0.85 CPU and 16.0 GiB)",
        ),
        (
            [node(), server()],
            {"litellm_replicas": 40},
            "litellm_resources: worker, server would have to run pods that ask for",
        ),
        # A limit alone is a request as well.
        ([node()], {"ollama_resources": {"limits": {"cpu": "4"}}}, "ollama 4 CPU (ollama_resources)"),
        (
            [node()],
            {"ollama_resources": {"requests": {"cpu": "4 cores"}}},
            "ollama_resources.requests.cpu: is",
        ),
        # What the kubelet keeps is not for pods.
        (
            [node(cpus=2, kubelet_arguments=["system-reserved=cpu=500m", "kube-reserved=cpu=500m"])],
            {},
            "and has 1 CPU for pods",
        ),
        ([node(gib=8, kubelet_arguments=["eviction-hard=memory.available<25%"])], {}, "and has 6.0 GiB"),
        (
            [node(taints=["gpu=true:NoSchedule"]), server()],
            {"ollama_node_selector": {"nvidia.com/gpu": "true"}},
            "ollama_tolerations: ollama does not tolerate the taints of the hosts that may run it: "
            "worker (gpu=true:NoSchedule)",
        ),
        (
            [node(), server()],
            {"ollama_node_selector": {"nvidia.com/gpu": "no"}},
            "ollama_node_selector: no host has the labels nvidia.com/gpu=no that ollama wants",
        ),
        (
            [server(), node("other")],
            {},
            "vllm_node_selector: qwen3-8b-awq wants a GPU, and the hosts that may",
        ),
    ],
)
def test_a_site_that_finds_no_room_is_refused(
    nodes: list[dict[str, Any]], workloads: dict[str, Any], told: str
) -> None:
    found = refusal(home_lab(nodes=nodes, workloads=workloads))
    assert told in found
    assert "Traceback" not in found


@pytest.mark.parametrize("unknown", [{"cpus": None, "gib": None}, {"cpus": None}, {"gib": None}])
def test_what_nobody_looked_at_is_unknown_and_refuses_nothing(unknown: dict[str, Any]) -> None:
    site = home_lab(nodes=[node(**unknown)], workloads={"litellm_replicas": 3})
    (row,) = plan(site)["nodes"]
    assert [row["cpus"], row["memory_bytes"]].count(None) == len(unknown)


def test_a_host_with_too_few_gpus_may_not_run_the_engine() -> None:
    hosts = [{"name": name, "gpus": [{"gpu": "rtx-3060-12gb", "count": at}]} for at, name in enumerate("abc")]
    nodes = [node("a", labels={}), node("b"), node("c", labels={})]
    told = refusal(one(gpus=2) | {"hosts": hosts[1:], "nodes": nodes})
    assert (
        "vllm_node_selector: qwen3-8b-awq wants 2 GPUs, and the hosts that may run it have fewer: b" in told
    )


def test_without_the_cluster_s_nodes_nothing_is_compared() -> None:
    assert plan(home_lab())["nodes"] == []


def test_a_label_that_no_inventory_sets_is_a_warning() -> None:
    found = plan(home_lab(nodes=[node(labels={})]))
    assert any("no host has the label nvidia.com/gpu=true" in text for text in found["warnings"])


def test_room_for_an_update_of_the_gateway() -> None:
    told = (
        "litellm_resources: a new gateway starts before the old one stops, and in mode 'ml' no node has room"
    )
    tight, roomy = (plan(home_lab(nodes=[node(cpus=cpus)]))["warnings"] for cpus in (1.5, 2))
    assert any(text.startswith(told) for text in tight)
    assert not any(text.startswith(told) for text in roomy)


def test_room_for_the_job_that_fetches() -> None:
    told = "vllm_fetch_models: a Job fetches each model, and in mode 'ml' no node has room"
    sites = [
        home_lab(nodes=[node(cpus=1.5)], workloads={"vllm_fetch_models": wanted}) for wanted in (None, False)
    ]
    fetching, archives = ([text for text in plan(one)["warnings"] if text.startswith(told)] for one in sites)
    assert fetching and not archives


def test_room_for_the_system() -> None:
    told = "k3s_config of worker: pods ask for 6.7 GiB of 7.0 GiB of memory"
    tight, roomy = (plan(home_lab(nodes=[node(gib=gib)]))["warnings"] for gib in (7, 8))
    assert any(text.startswith(told) for text in tight)
    assert not any(text.startswith("k3s_config") for text in roomy)


# --- Small clusters, compared with every arrangement --------------------------------------------------------

NODES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=3)
PODS = st.lists(
    st.tuples(
        st.integers(0, 4), st.integers(0, 4), st.integers(1, 2), st.sets(st.integers(0, 2), max_size=2)
    ),
    max_size=4,
)


def site(nodes: list[tuple[int, int]], pods: list[tuple[int, int, int, set[int]]]) -> tuple[Any, Any]:
    """Nodes of so many CPUs and bytes, and pods that may not run on some of them."""
    taints = {f"n{at}": {"key": f"n{at}", "effect": "NoSchedule"} for at in range(len(nodes))}
    made = [
        Node(f"n{at}", cpus=cpus, memory_bytes=memory, taints=(f"n{at}:NoSchedule",))
        for at, (cpus, memory) in enumerate(nodes)
    ]
    wanted = [
        Pod(
            f"p{at}",
            f"p{at}_resources",
            millicpus=cpus * 1000,
            memory_bytes=memory,
            count=count,
            tolerations=[row for name, row in taints.items() if int(name[1:]) not in away],
        )
        for at, (cpus, memory, count, away) in enumerate(pods)
    ]
    return made, wanted


def fits(nodes: list[tuple[int, int]], pods: list[tuple[int, int, int, set[int]]]) -> bool:
    each = [(cpus, memory, away) for cpus, memory, count, away in pods for _ in range(count)]
    choices = [[at for at in range(len(nodes)) if at not in away] for _, _, away in each]
    # A pod that may run nowhere is another finding.
    pairs = [(pod, choice) for pod, choice in zip(each, choices, strict=True) if choice]
    for places in itertools.product(*(choice for _, choice in pairs)):
        left = [list(row) for row in nodes]
        for (pod, _), at in zip(pairs, places, strict=True):
            left[at][0] -= pod[0]
            left[at][1] -= pod[1]
        if all(amount >= 0 for row in left for amount in row):
            return True
    return False


@settings(max_examples=300, deadline=None)
@given(NODES, PODS)
def test_it_finds_an_arrangement_exactly_where_there_is_one(nodes: Any, pods: Any) -> None:
    made, wanted = site(nodes, pods)
    findings = Findings()
    rows = schedule(made, {"ml": wanted}, NO_GPU, findings)
    try:
        findings.stop_on_problems()
        is_refused = False
    except InvalidInput:
        is_refused = True
    assert is_refused == (not fits(nodes, pods))
    if not is_refused:
        asked = [row["modes"][0] for row in rows]
        for row, mode in zip(rows, asked, strict=True):
            assert mode["cpus"] <= row["cpus"] and mode["memory_bytes"] <= row["memory_bytes"]
        placed = [pod for pod in wanted if pod.tolerations]
        assert sum(mode["cpus"] for mode in asked) == sum(pod.millicpus * pod.count / 1000 for pod in placed)


def test_many_pods_take_no_time() -> None:
    made = [Node(f"n{at}", cpus=64, memory_bytes=100 * GIB) for at in range(50)]
    pods = [Pod(f"p{at}", "x", millicpus=700 + at, memory_bytes=GIB, count=100) for at in range(30)]
    findings = Findings()
    schedule(made, {"ml": pods}, NO_GPU, findings)
    assert not findings.problems or "do not fit" not in str(findings.problems)
