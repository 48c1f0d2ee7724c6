"""Nodes for what needs no GPU."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan, refusal

GPU = ["gpu=true:NoSchedule"]


def nodes(taints: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "taints": found} for name, found in taints.items()]


@pytest.mark.parametrize(
    "taints",
    [
        {},
        {"box": []},
        {"server": [], "gpu": GPU},
        {"box": ["gpu=true:PreferNoSchedule"]},
        {"one": ["node-role.kubernetes.io/control-plane:NoSchedule"], "two": []},
    ],
)
def test_one_node_takes_everything_else(taints: dict[str, Any]) -> None:
    assert plan(home_lab(nodes=nodes(taints)))


@pytest.mark.parametrize(
    ("taints", "told"),
    [
        ({"box": GPU}, "k3s_node_taints of box: keeps"),
        ({"box": ["gpu:NoExecute"]}, "k3s_node_taints of box: keeps"),
        (
            {"one": ["CriticalAddonsOnly=true:NoExecute"], "two": GPU},
            "k3s_node_taints of one, two: keep every",
        ),
        ({"box": "gpu=true:NoSchedule"}, "k3s_node_taints"),
    ],
)
def test_a_site_without_such_a_node_is_refused(taints: dict[str, Any], told: str) -> None:
    assert told in refusal(home_lab(nodes=nodes(taints)))
