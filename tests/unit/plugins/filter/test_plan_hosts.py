"""The filter plan_hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import plan_hosts

from tests.unit.plugins.filter.filter_calls import call


class Lazy(Mapping[str, Any]):
    """hostvars: a variable is computed when it is read, and may need a vault."""

    def __init__(self, **variables: Any) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> Any:
        if name == "vault_k3s_token":
            raise AssertionError("the vault is closed")
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._variables, "vault_k3s_token"])

    def __len__(self) -> int:
        return len(self._variables) + 1


def test_what_was_seen_and_what_the_inventory_says() -> None:
    seen = {"pci_devices": [{"device_id": "2504"}], "driver": {"loaded": "570.195.03"}}
    asked = Lazy(inventory_hostname="gpu", __inference_gpu_info=seen)
    away = Lazy(
        inventory_hostname="gpu2",
        inference_host_gpus=[{"gpu": "rtx-3060-12gb"}],
        inference_host_driver="570",
        __inference_gpu_info={"unreachable": True, "msg": "no route"},
    )
    left_out = Lazy(inventory_hostname="gpu3")
    assert call(plan_hosts, [asked, away, left_out]) == [
        {"name": "gpu", "gpus": [], "pci_ids": ["2504"], "driver": "", "driver_found": "570.195.03"},
        {
            "name": "gpu2",
            "gpus": [{"gpu": "rtx-3060-12gb"}],
            "pci_ids": [],
            "driver": "570",
            "driver_found": "",
        },
        {"name": "gpu3", "gpus": [], "pci_ids": [], "driver": "", "driver_found": ""},
    ]


def test_one_host_is_no_list() -> None:
    with pytest.raises(AnsibleFilterError, match="no list"):
        call(plan_hosts, {"inventory_hostname": "gpu"})
