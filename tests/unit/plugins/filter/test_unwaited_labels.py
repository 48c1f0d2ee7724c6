"""The filter unwaited_labels."""

from __future__ import annotations

from typing import Any

from ansible_collections.inference.stack.plugins.filter import unwaited_labels

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan

FETCH = {"app.kubernetes.io/component": "fetch"}
PLUGIN = {"app.kubernetes.io/name": "nvidia-device-plugin"}


def node(name: str, **labels: str) -> dict[str, Any]:
    return {"name": name, "labels": {"kubernetes.io/hostname": f"{name}.house", **labels}}


def unwaited(absent: list[str], *hosts: str, **more: Any) -> list[dict[str, str]]:
    boxes = [{"name": name, "gpus": [{"gpu": "rtx-3060-12gb", "count": 1}]} for name in hosts]
    nodes = [node("cpu"), *(node(name, **{"nvidia.com/gpu": "true"}) for name in hosts)]
    found: list[dict[str, str]] = call(
        unwaited_labels, plan(home_lab(hosts=boxes, nodes=nodes)), absent, **more
    )
    return found


def test_everything_is_waited_for_while_all_hosts_are_there() -> None:
    assert unwaited([], "a", "b") == []


def test_only_the_jobs_of_the_absent_host_are_left_out() -> None:
    found = unwaited(["b"], "a", "b")
    jobs = [row for row in found if row.items() >= FETCH.items()]
    assert {row["inference.stack/node"] for row in jobs} == {"b.house"}
    assert {row["inference.stack/model"] for row in jobs} == {
        "qwen3-8b-awq",
        "deepseek-r1-distill-qwen-7b-awq",
    }
    assert PLUGIN in found


def test_a_job_that_may_run_anywhere_is_left_out() -> None:
    for found in (unwaited(["a"], "a"), unwaited(["b"], "a", "b", one_cache=True), unwaited(["cpu"], "a")):
        jobs = [row for row in found if row.items() >= FETCH.items()]
        assert len(jobs) == 2
        assert not any("inference.stack/node" in row for row in jobs)


def test_an_agent_without_a_gpu_holds_up_no_model() -> None:
    found = unwaited(["cpu"], "a", "b")
    assert found == [PLUGIN]
