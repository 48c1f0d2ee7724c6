"""The filter cluster_absence."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import cluster_absence

from tests.unit.plugins.filter.filter_calls import call


def test_a_sentence_comes_back() -> None:
    assert call(cluster_absence, {"msg": "no route"}, "server") == {
        "absent": False,
        "reason": "server: no route",
    }
