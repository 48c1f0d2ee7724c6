"""The filter plan_nodes."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import plan_nodes
from ansible_collections.inference.stack.plugins.plugin_utils.planning.inputs.inventory_nodes import (
    read_machine,
)

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.filter.test_plan_hosts import Lazy

MEMINFO = "MemTotal:       32768000 kB\nMemFree:         1000000 kB\n"


def test_what_was_read_and_what_the_inventory_says() -> None:
    server = Lazy(
        inventory_hostname="server",
        __inference_machine={"stdout": f"0-3\n{MEMINFO}"},
        k3s_disable=["traefik"],
        k3s_config={"kubelet-arg": ["max-pods=64"], "disable": "coredns,servicelb"},
    )
    agent = Lazy(
        inventory_hostname="gpu",
        k3s_node_name="gpu-1",
        k3s_node_labels={"nvidia.com/gpu": "true"},
        k3s_node_taints=["gpu=true:NoSchedule"],
        __inference_machine={"unreachable": True, "msg": "no route"},
    )
    linux = {"kubernetes.io/os": "linux"}
    assert call(plan_nodes, [server], [agent, server]) == [
        {
            "name": "server",
            "is_server": True,
            "cpus": 4,
            "memory_bytes": 32768000 * 1024,
            "labels": {
                **linux,
                "kubernetes.io/hostname": "server",
                "node-role.kubernetes.io/control-plane": "true",
            },
            "taints": [],
            "kubelet_arguments": ["max-pods=64"],
            "disabled": ["traefik", "coredns", "servicelb"],
        },
        {
            "name": "gpu",
            "is_server": False,
            "cpus": None,
            "memory_bytes": None,
            "labels": {**linux, "kubernetes.io/hostname": "gpu-1", "nvidia.com/gpu": "true"},
            "taints": ["gpu=true:NoSchedule"],
            "kubelet_arguments": [],
            "disabled": [],
        },
    ]


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("0\n", 1), ("0-1\n", 2), ("0-3,8-11\n", 8), ("0,2\n", 2), ("", None), (MEMINFO, None)],
)
def test_cpus_that_are_online(text: str, cpus: int | None) -> None:
    assert read_machine(text)[0] == cpus


def test_one_host_is_no_list() -> None:
    with pytest.raises(AnsibleFilterError, match="no list"):
        call(plan_nodes, {"inventory_hostname": "gpu"}, [])
