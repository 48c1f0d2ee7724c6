"""The filter without_shared_replicas."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.filter import without_shared_replicas

from tests.unit.plugins.filter.filter_calls import call, seen, thing


@pytest.mark.parametrize(
    ("managers", "kept"),
    [
        (None, True),
        (["inference-stack"], True),
        (["inference-mode"], False),
        (["inference-mode", "inference-stack"], False),
        ([], False),
    ],
)
def test_replicas_are_ours_only_while_we_alone_own_them(managers: list[str] | None, kept: bool) -> None:
    (item,) = call(without_shared_replicas, [thing(spec={"replicas": 0})], seen(managers=managers))
    assert ("replicas" in item["spec"]) is kept
