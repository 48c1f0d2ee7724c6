"""The filter workload_deadlines."""

from __future__ import annotations

from typing import Any

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


def test_what_nobody_waits_for_is_left_out() -> None:
    def labelled(name: str, **labels: str) -> dict[str, Any]:
        return {**thing(name=name), "metadata": {"name": name, "namespace": "ml", "labels": labels}}

    sets = [{"definitions": [labelled("a", app="vllm", part="a"), labelled("b", app="vllm", part="b")]}]
    for unwaited, names in (
        ([{"app": "vllm", "part": "a"}], ["b"]),
        ([{"app": "vllm"}], []),
        ([{"app": "other"}, {}], ["a", "b"]),
    ):
        found = call(workload_deadlines, sets, unwaited)
        assert [row["metadata"]["name"] for row in found] == names
