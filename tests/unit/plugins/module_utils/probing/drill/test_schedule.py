"""Which requests a drill has, and in which order."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.probing.drill.schedule import (
    CHAIN,
    OWN,
    Stage,
    Tier,
    stages,
    way_back,
)

GPU, CPU, CLOUD = Tier("gpu", "big", "engine"), Tier("cpu", "small", "ollama"), Tier("cloud", "paid")


@pytest.mark.parametrize("requests", [40, 100, 1000, 1001])
@pytest.mark.parametrize("depth", [1, 2])
def test_the_stages_have_all_requests(depth: int, requests: int) -> None:
    found = stages([GPU, CPU], depth, requests)
    assert sum(stage.requests for stage in found) == requests
    assert all(stage.requests >= 5 for stage in found)
    assert [stage.name for stage in found][: depth + 1] == ["before", "without gpu", "without gpu and cpu"][
        : depth + 1
    ]


def test_the_next_tier_is_asked_beside_the_model_unless_it_is_paid() -> None:
    _, first, second, _ = stages([GPU, CPU, CLOUD], 2, 100)
    assert first.asked == ((CHAIN, "big"), (OWN, "small"))
    assert second.asked == ((CHAIN, "big"),)


def test_each_name_is_asked_whole_and_as_a_stream() -> None:
    stage = Stage("s", ((CHAIN, "big"), (OWN, "small")), 4)
    assert [stage.question(number) for number in range(5)] == [
        (CHAIN, "big", False),
        (OWN, "small", False),
        (CHAIN, "big", True),
        (OWN, "small", True),
        (CHAIN, "big", False),
    ]


def test_a_lower_tier_that_comes_back_is_asked_by_its_own_name() -> None:
    assert way_back(CPU, [GPU, CPU]).asked == ((CHAIN, "big"), (OWN, "small"))
    assert way_back(GPU, [GPU, CPU]).asked == ((CHAIN, "big"),)
