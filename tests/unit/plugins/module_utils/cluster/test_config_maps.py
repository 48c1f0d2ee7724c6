"""ConfigMaps that a caller wants to know."""

from __future__ import annotations

from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.cluster.config_maps import read_config_maps


class Cluster:
    """A cluster with two ConfigMaps, one of them without data."""

    def read(self, api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        assert (api_version, kind, namespace) == ("v1", "ConfigMap", "ml")
        return {"mode": {"data": {"mode": "ml"}}, "empty": {}}.get(name)


def test_those_that_do_not_exist_are_left_out() -> None:
    assert read_config_maps(Cluster(), "ml", ["mode", "gone", "empty"]) == {
        "mode": {"mode": "ml"},
        "empty": {},
    }
