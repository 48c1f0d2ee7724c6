"""The filter workload_deadlines."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import workload_deadlines

from tests.unit.plugins.filter.filter_calls import call, thing


def test_workloads_come_with_the_time_that_each_may_take() -> None:
    first = {"definitions": [thing(spec={}), thing("Service", "api")], "timeout": 30}
    sets = [first, {"definitions": [thing(), thing("Job", "fetch")]}, {"owner": "empty"}]
    assert call(workload_deadlines, sets) == [
        {**thing(), "timeout": 30},
        {**thing(), "timeout": 600},
        {**thing("Job", "fetch"), "timeout": 600},
    ]
