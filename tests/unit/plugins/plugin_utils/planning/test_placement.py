"""Models of one mode find GPUs side by side, or the site is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan, refusal

SMALL, BIG = "rtx-3060-12gb", "a100-80gb"


def host(name: str, *gpus: tuple[str, int]) -> dict[str, Any]:
    return {"name": name, "gpus": [{"gpu": gpu, "count": count} for gpu, count in gpus]}


def site(models: list[Any], *hosts: dict[str, Any]) -> dict[str, Any]:
    return home_lab(models=models, hosts=list(hosts), vllm_version="0.10.2")


def places(site: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {row["model"]: (row["host"], row["gpu"]) for row in plan(site)["placement"]}


def test_a_small_model_leaves_the_big_card_to_the_big_one() -> None:
    models = ["qwen3-8b-awq", "qwen-qwq-32b"]
    found = places(site(models, host("big", (BIG, 1)), host("small", (SMALL, 1))))
    assert found == {"qwen3-8b-awq": ("small", SMALL), "qwen-qwq-32b": ("big", BIG)}


def test_the_gpus_of_one_model_share_a_host() -> None:
    models = [{"name": "llama-3.1-70b", "gpus": 2}, "qwen-qwq-32b"]
    found = places(site(models, host("one", (BIG, 1)), host("two", (BIG, 2))))
    assert found == {"llama-3.1-70b": ("two", BIG), "qwen-qwq-32b": ("one", BIG)}


def test_modes_share_the_card_in_time() -> None:
    rows = plan(home_lab())["placement"]
    assert [(row["mode"], row["host"]) for row in rows] == [("ml", "worker"), ("r1", "worker")]


def test_each_replica_takes_gpus_of_its_own() -> None:
    models = [{"name": "qwen3-8b-awq", "replicas": 2}]
    rows = plan(site(models, host("a", (SMALL, 1)), host("b", (SMALL, 1))))["placement"]
    assert [(row["replica"], row["host"]) for row in rows] == [(0, "a"), (1, "b")]
    assert "wants 2 GPUs, but the hosts have 1" in refusal(site(models, host("a", (SMALL, 1))))


def test_cards_that_are_enough_in_number_but_too_small() -> None:
    told = refusal(site(["qwen-qwq-32b", "gpt-oss-120b"], host("a", (BIG, 1)), host("b", (SMALL, 1))))
    assert "mode 'ml' (qwen-qwq-32b, gpt-oss-120b) do not fit on the GPUs at the same time" in told


def test_where_the_first_try_fails_others_are_tried() -> None:
    # Biggest first and tightest host first leaves 1 + 1 for the last two; 4 + 2 + 2 and 3 + 3 + 2 works out.
    sizes = [4, 3, 3, 2, 2, 2]
    catalog = {f"m{index}": {"repository": f"me/m{index}"} for index in range(len(sizes))}
    models = [{"name": f"m{index}", "gpus": size} for index, size in enumerate(sizes)]
    found = plan(site(models, host("a", (BIG, 8)), host("b", (BIG, 8))) | {"catalog": {"models": catalog}})
    taken = dict.fromkeys("ab", 0)
    for row in found["placement"]:
        taken[row["host"]] += row["gpus"]
    assert taken == {"a": 8, "b": 8}


def test_hosts_whose_gpus_are_unknown_leave_the_place_open() -> None:
    rows = plan(site(["qwen3-8b-awq"], {"name": "w"}))["placement"]
    assert [(row["host"], row["gpu"]) for row in rows] == [(None, None)]


@pytest.mark.parametrize("replicas", [0, -1, "two", True, 10**9])
def test_replicas_are_a_number(replicas: Any) -> None:
    models = [{"name": "qwen3-8b-awq", "replicas": replicas}]
    assert refusal(home_lab(models=models)).startswith("inference_models[0].replicas: must be ")
