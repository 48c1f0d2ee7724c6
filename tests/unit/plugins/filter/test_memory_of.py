"""The filter memory_of."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import memory_of

from tests.unit.plugins.filter.filter_calls import DEPLOYMENT, call, thing


def test_the_memory_names_what_is_applied_and_what_still_has_to_go() -> None:
    memory = call(memory_of, [thing()], [thing("Service", "old")], "vllm", "ml")
    assert memory["metadata"]["name"] == "inference-stack-vllm"
    assert memory["data"]["objects"] == f"{DEPLOYMENT}\nv1 Service ml/old\n"
