"""Fixtures of the scenarios: the lab's state, its hosts, its cluster and its gateway.

A scenario's conftest imports those that its tests use. One whose site has other names defines `namespace`,
`gateway_port` and `model` anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import testinfra
import yaml

from tests.rehearsal import GATEWAY_PORT, MODEL, NAMESPACE, Cluster, Gateway


@pytest.fixture(scope="session")
def namespace() -> str:
    return NAMESPACE


@pytest.fixture(scope="session")
def gateway_port() -> int:
    return GATEWAY_PORT


@pytest.fixture(scope="session")
def model() -> str:
    """The name that the gateway offers."""
    return MODEL


@pytest.fixture(scope="session")
def state() -> Path:
    state_home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state_home) / "inference-stack" / os.environ["LAB"]


@pytest.fixture(scope="session")
def lab(state: Path) -> dict[str, Any]:
    """What the lab says of itself, and its images' references by name."""
    found: dict[str, Any] = json.loads((state / "lab.json").read_text())
    return found | {"image_references": {image["name"]: image["reference"] for image in found["images"]}}


@pytest.fixture(scope="session")
def secrets(state: Path) -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load((state / "secrets.yml").read_text())
    return found


@pytest.fixture(scope="session")
def host_of(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    inventory = request.config.getoption("--ansible-inventory")

    def connect(name: str) -> Any:
        return testinfra.get_host(f"ansible://{name}?force_ansible=False", ansible_inventory=inventory)

    return connect


@pytest.fixture(scope="session")
def server(host_of: Callable[[str], Any], lab: dict[str, Any]) -> Any:
    """The host with the API server: the only one, where it is alone."""
    return host_of(next(iter(lab["hosts"])))


@pytest.fixture(scope="session")
def gpu(host_of: Callable[[str], Any]) -> Any:
    return host_of("gpu")


@pytest.fixture(scope="session")
def cluster(server: Any, namespace: str) -> Cluster:
    return Cluster(server, namespace)


@pytest.fixture(scope="session")
def gateway(lab: dict[str, Any], secrets: dict[str, str], gateway_port: int, model: str) -> Gateway:
    address = next(iter(lab["hosts"].values()))["address"]
    url = f"http://{address}:{gateway_port}"
    return Gateway(url, secrets["consumer_key"], model)
