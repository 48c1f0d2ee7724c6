"""The lab that is up, which LAB names (default: demo), and its gateway with a consumer's key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab import state
from tests.clients.driver import Client, official_clients
from tests.faults.lab_under_test import SERVED, Lab
from tests.rehearsal import GATEWAY_PORT, Gateway


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab") / "doctor.json")


@pytest.fixture(scope="session")
def content(lab: Lab) -> dict[str, Any]:
    """What the lab says of itself."""
    found = state.read_lab_file(lab.settings)
    assert found, f"no lab {lab.settings.name} is up: make demo"
    return found


@pytest.fixture(scope="session")
def gateway(lab: Lab, content: dict[str, Any]) -> Gateway:
    address = next(iter(content["hosts"].values()))["address"]
    key = state.read_secrets(lab.settings)["consumer_key"]
    return Gateway(f"http://{address}:{GATEWAY_PORT}", key, SERVED)


@pytest.fixture(scope="session")
def clients() -> Iterator[list[Client]]:
    found = official_clients()
    yield found
    for client in found:
        client.close()
