"""Which nodes get a model into their own cache: those that the scheduler may choose for its engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan

SMALL, BIG = "rtx-3060-12gb", "a100-80gb"
GPU = {"nvidia.com/gpu": "true"}
SERVER = {"name": "server", "labels": {"kubernetes.io/hostname": "server"}}


def box(name: str, gpu: str = SMALL, count: int = 1, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A GPU host, and its node."""
    gpus = [{"gpu": gpu, "count": count}] if gpu else []
    return {"name": name, "gpus": gpus}, node(name, **more)


def node(name: str, labels: dict[str, str] = GPU, node_name: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, "labels": {"kubernetes.io/hostname": node_name or name, **labels}, **more}


def nodes(
    *boxes: tuple[dict[str, Any], dict[str, Any]],
    model: dict[str, Any] | None = None,
    others: tuple[dict[str, Any], ...] = (SERVER,),
    **workloads: Any,
) -> list[str]:
    models = [{"name": "qwen3-8b-awq", **(model or {})}]
    site = home_lab(models=models, vllm_version="0.10.2", workloads=workloads)
    site |= {"hosts": [host for host, _ in boxes], "nodes": [*others, *(row for _, row in boxes if row)]}
    listed: list[str] = plan(site)["vllm_models"][0]["cache_nodes"]
    return listed


def test_every_node_that_may_run_the_engine() -> None:
    assert nodes(box("a"), box("b", node_name="box.house", labels={**GPU, "room": "attic"})) == [
        "a",
        "box.house",
    ]


@pytest.mark.parametrize(
    ("other", "model", "workloads"),
    [
        ({"labels": {}}, {}, {}),
        ({"labels": {"nvidia.com/gpu": "false"}}, {}, {}),
        ({"taints": ["mine=yes:NoSchedule"]}, {}, {}),
        ({"taints": ["gpu=other:NoExecute"]}, {}, {}),
        ({}, {"gpus": 2}, {}),
        ({}, {"node_selector": {"kubernetes.io/hostname": "a"}}, {}),
        ({}, {}, {"vllm_node_selector": {"kubernetes.io/hostname": "a"}}),
        ({"taints": ["gpu=true:NoSchedule"]}, {}, {"vllm_tolerations": []}),
    ],
)
def test_a_node_where_no_scheduler_would_put_it_gets_nothing(
    other: dict[str, Any], model: dict[str, Any], workloads: dict[str, Any]
) -> None:
    assert nodes(box("a", count=2), box("b", **other), model=model, **workloads) == ["a"]


def test_a_card_that_is_too_small_for_the_model_gets_nothing() -> None:
    assert nodes(box("a", BIG), box("b"), model={"name": "qwen-qwq-32b"}) == ["a"]


@pytest.mark.parametrize(
    "other",
    [
        {"taints": ["gpu=true:NoSchedule"]},
        {"taints": ["mine=yes:PreferNoSchedule"]},
        {"gpu": ""},
    ],
)
def test_what_does_not_keep_an_engine_away_does_not_keep_its_model_away(other: dict[str, Any]) -> None:
    assert nodes(box("a"), box("b", **other)) == ["a", "b"]


def test_a_node_that_is_no_gpu_host_gets_nothing() -> None:
    assert nodes(box("a"), box("b"), others=(SERVER, node("c"))) == ["a", "b"]


def test_nothing_is_said_of_nodes_that_the_inventory_does_not_tell() -> None:
    # Of somebody else's cluster: its nodes may have any name.
    assert nodes(({"name": "a", "gpus": []}, {}), others=()) == []
    assert nodes(box("a"), ({"name": "b", "gpus": []}, {})) == []
    # A label that a program sets, such as GPU feature discovery.
    product = {"nvidia.com/gpu.product": "NVIDIA-GeForce-RTX-3060"}
    assert nodes(box("a"), box("b"), model={"node_selector": product}) == []
