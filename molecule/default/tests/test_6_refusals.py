"""What a host refuses stops the run before another host has changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal import play

TOKEN = "another-token-than-that-of-the-servers"


def test_a_token_that_the_server_refuses_reaches_no_agent(
    request: pytest.FixtureRequest, gpu: Any, server: Any
) -> None:
    def configurations() -> tuple[str, ...]:
        file = "/etc/rancher/k3s/config.yaml"
        return tuple(host.check_output(f"sha256sum {file}; stat -c %Y {file}") for host in (server, gpu))

    before = configurations()
    inventory = request.config.getoption("--ansible-inventory")
    done = play(inventory, "site", {"k3s_token": TOKEN}, "--tags", "hosts")
    assert done.returncode != 0, done.stdout[-3000:]
    assert "k3s_token" in done.stdout
    assert TOKEN not in done.stdout + done.stderr
    assert configurations() == before
