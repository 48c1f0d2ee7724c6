"""A model's contract follows from what its engine is started with and where it runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.planning.sites import GIB, home_lab, one, plan


def contract(site: dict[str, Any], index: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = plan(site)["vllm_models"][index]["contract"]
    return found


def test_the_home_labs_model() -> None:
    found = contract(home_lab())
    memory = found.pop("memory")
    assert found == {
        "capabilities": ["chat", "json", "tools", "reasoning"],
        "reasoning_apart": True,
        "thinking_switch": True,
        "max_model_len": 8192,
        "floor_tokens_per_second": 30.0,
        "api_base": "http://127.0.0.1:8100/qwen3-8b-awq-inference",
        "memory_host": "worker",
    }
    assert memory["expected_bytes"] / GIB == pytest.approx(10.8, abs=0.01)
    assert memory["minimum_bytes"] / GIB == pytest.approx(5.68, abs=0.01)


def test_a_model_that_always_thinks_has_no_switch() -> None:
    found = contract(home_lab(), index=1)
    assert found["capabilities"] == ["chat", "reasoning"]
    assert found["reasoning_apart"] is True
    assert found["thinking_switch"] is False
    assert found["floor_tokens_per_second"] == 40


def test_a_model_whose_speed_nobody_knows_has_no_floor() -> None:
    assert contract(home_lab(models=["qwen2.5-7b-instruct-awq"]))["floor_tokens_per_second"] == 0


def test_what_the_release_cannot_serve_is_not_promised() -> None:
    found = contract(one(tool_parser="", capabilities=["chat", "tools", "reasoning"]))
    assert found["capabilities"] == ["chat", "reasoning"]
    found = contract(one(reasoning_parser=""))
    assert found["reasoning_apart"] is False
    assert found["thinking_switch"] is False


def test_a_site_sets_its_own_floor() -> None:
    assert contract(one(floor_tokens_per_second={"rtx-3060-12gb": 12.5}))["floor_tokens_per_second"] == 12.5


def test_on_an_unknown_gpu_there_is_neither_floor_nor_figure() -> None:
    found = contract(one() | {"hosts": []})
    assert found["floor_tokens_per_second"] == 0
    assert (found["memory_host"], found["memory"]) == ("", {})


def test_models_that_share_a_host_share_its_memory() -> None:
    small = {"name": "gemma-3-4b", "max_model_len": 2048}
    site = home_lab(
        models=[{"name": "qwen3-8b-awq"}, small],
        hosts=[{"name": "worker", "gpus": [{"gpu": "rtx-3060-12gb", "count": 2}], "pci_ids": []}],
    )
    first, second = contract(site, 0)["memory"], contract(site, 1)["memory"]
    assert first == second
    assert first["expected_bytes"] / GIB == pytest.approx(21.6, abs=0.05)


def test_modes_do_not_add_up() -> None:
    site = home_lab(default_mode="r1")
    first, second = contract(site, 0)["memory"], contract(site, 1)["memory"]
    assert first["expected_bytes"] == second["expected_bytes"]
    assert first["minimum_bytes"] != second["minimum_bytes"]
