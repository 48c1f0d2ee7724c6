"""The drill's policy lets the gateway reach everything but what is cut off, whatever a network goes by."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster.outage_policy import (
    CutOff,
    everything_but,
)

GPU = CutOff({"app": "vllm", "inference.stack/model": "big"}, ("10.42.1.7",))
CPU = CutOff({"app.kubernetes.io/name": "ollama"}, ("10.42.0.5", "fd00::5"))


def lets_labels(peers: list[dict[str, Any]], labels: Mapping[str, str]) -> bool:
    """As the API describes NotIn: an absent key is not in the list either."""
    return any(
        all(
            labels.get(row["key"]) not in row["values"]
            for row in peer["podSelector"].get("matchExpressions", [])
        )
        for peer in peers
        if "podSelector" in peer
    )


def lets_address(peers: list[dict[str, Any]], address: str) -> bool:
    one = ipaddress.ip_address(address)
    for block in (peer["ipBlock"] for peer in peers if "ipBlock" in peer):
        if one in ipaddress.ip_network(block["cidr"]):
            return not any(one in ipaddress.ip_network(left_out) for left_out in block["except"])
    return False


@pytest.mark.parametrize("cut_off", [[GPU], [CPU], [GPU, CPU]])
def test_nothing_else_is_cut_off(cut_off: list[CutOff]) -> None:
    peers = everything_but(cut_off)
    others: list[Mapping[str, str]] = [
        {},
        {"app": "vllm", "inference.stack/model": "small"},
        {"app": "other", "inference.stack/model": "big"},
        {"app.kubernetes.io/name": "litellm", "app": "x"},
    ]
    for part in (GPU, CPU):
        is_cut_off = part in cut_off
        assert lets_labels(peers, {**part.labels, "pod-template-hash": "1"}) is not is_cut_off
        assert [lets_address(peers, address) for address in part.addresses if "." in address] == [
            not is_cut_off
        ]
    assert all(lets_labels(peers, labels) for labels in others)
    assert lets_address(peers, "10.43.0.10") and lets_address(peers, "192.0.2.1")


def test_both_families_of_addresses_are_left_out() -> None:
    peers = everything_but([CPU])
    assert not lets_address(peers, "fd00::5") and lets_address(peers, "fd00::6")
