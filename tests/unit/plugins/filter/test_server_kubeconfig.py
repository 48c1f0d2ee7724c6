"""The filter server_kubeconfig."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import server_kubeconfig

from tests.unit.plugins.filter.filter_calls import call


def test_the_kubeconfig_comes_back() -> None:
    found = call(
        server_kubeconfig, {"clusters": [{"cluster": {"server": "https://127.0.0.1:6443"}}]}, "server"
    )
    assert found["clusters"][0]["cluster"]["server"] == "https://server:6443"
