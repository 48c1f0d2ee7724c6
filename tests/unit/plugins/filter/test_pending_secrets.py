"""The filter pending_secrets."""

from __future__ import annotations

from typing import Any

from ansible_collections.inference.stack.plugins.filter import object_sets, pending_secrets

from tests.unit.plugins.filter.filter_calls import call

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml"}}
SETS = [
    {
        "owner": "web",
        "namespace": "ml",
        "secrets": [{"name": "keys", "values": {"A": "1"}}, {"name": "more", "values": {"B": "2"}}],
    }
]


def sent(**steps: Any) -> list[tuple[str, Any]]:
    found = call(pending_secrets, {"namespaces": [], "secrets": []} | steps, call(object_sets, SETS))
    return [(item["metadata"]["name"], item.get("data")) for item in found]


def test_a_secret_is_found_by_its_place_and_follows_its_namespace() -> None:
    steps = {"namespaces": [NAMESPACE], "secrets": [{"owner": "web", "place": 1}]}
    assert sent(**steps) == [("ml", None), ("more", {"B": "Mg=="})]


def test_what_is_not_pending_is_not_sent() -> None:
    assert sent() == []
