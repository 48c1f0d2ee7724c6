"""The filter applicable_objects."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import applicable_objects

from tests.unit.plugins.filter.filter_calls import call, seen, thing


def test_what_the_cluster_cannot_take_is_left_out() -> None:
    observed = seen(applicable=False)
    assert call(applicable_objects, [thing(), thing("Service", "api")], observed) == [thing("Service", "api")]
