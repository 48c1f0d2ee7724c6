"""The GPU host is off: the other tier answers, a run does the rest. On again, a run completes the site."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.hosts import ssh
from lab.hosts.podman import Podman
from lab.settings import load
from tests.rehearsal import Gateway, play, recap, wait_for

ODD = Path(__file__).resolve().parents[1] / "inventory"
UNREACHABLE = 4
"""Ansible's exit status where hosts did not answer."""


@pytest.fixture
def gpu_off(lab: dict[str, Any]) -> Iterator[None]:
    settings = load()
    podman, container = Podman(settings), settings.container("gpu")
    podman.output("stop", "--time", "20", container)
    yield
    podman.output("start", container)
    ssh.wait_until_ready(settings, "gpu", lab["hosts"]["gpu"]["address"])


def site(inventory: str) -> subprocess.CompletedProcess[str]:
    return play(inventory, "site", {}, "--inventory", str(ODD), timeout=900)


def test_a_run_without_the_gpu_host_does_the_rest(
    request: pytest.FixtureRequest, gateway: Gateway, gpu_off: None
) -> None:
    done = site(request.config.getoption("--ansible-inventory"))
    assert done.returncode == UNREACHABLE, done.stdout[-3000:]
    assert "gpu did not answer" in done.stdout
    assert "failed=0" in recap(done.stdout, "localhost")
    wait_for("the next tier", lambda: gateway.chat().ok, timeout=120)


def test_the_run_after_it_completes_the_site(
    request: pytest.FixtureRequest, gateway: Gateway, names: dict[str, Any]
) -> None:
    done = site(request.config.getoption("--ansible-inventory"))
    assert done.returncode == 0, done.stdout[-3000:]

    def gpu_tier_answers() -> bool:
        answer = gateway.chat()
        return bool(answer.ok and "tiny-qwen3-inference" in answer.headers["x-litellm-model-api-base"])

    wait_for("the gpu tier", gpu_tier_answers, timeout=300, interval=5)
