"""What the rehearsal's tests share: the lab's state, kubectl on the server, the gateway for a consumer."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import testinfra
import yaml

NAMESPACE = "ml"
MODEL = "lab/tiny-qwen3"
GATEWAY_PORT = 30400


def wait_for(what: str, check: Callable[[], Any], timeout: float = 180, interval: float = 2) -> Any:
    """Calls `check` until it returns something true; fails with what it saw last."""
    deadline = time.monotonic() + timeout
    last: Any = None
    while time.monotonic() < deadline:
        try:
            last = check()
            if last:
                return last
        except (requests.RequestException, AssertionError, KeyError) as error:
            last = error
        time.sleep(interval)
    raise AssertionError(f"{what}: not within {timeout:.0f} s; last seen: {last!r}")


class Cluster:
    """kubectl, run on the server as an operator would."""

    def __init__(self, server: Any) -> None:
        self.server = server

    def kubectl(self, arguments: str, stdin: str | None = None) -> str:
        command = f"k3s kubectl {arguments}"
        if stdin is not None:
            command = f"printf '%s' {shell_quote(stdin)} | {command}"
        done = self.server.run(command)
        assert done.rc == 0, f"{command}: {done.stderr}"
        return str(done.stdout)

    def get(self, arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl(f"get {arguments} -o json"))
        return found

    def scale(self, deployment: str, replicas: int) -> None:
        self.kubectl(f"-n {NAMESPACE} scale deployment {deployment} --replicas={replicas}")

    def available(self, deployment: str, replicas: int) -> bool:
        status = self.get(f"-n {NAMESPACE} deployment {deployment}")["status"]
        return int(status.get("availableReplicas", 0)) == replicas == int(status.get("replicas", 0))


def shell_quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


class Gateway:
    """The gateway with a consumer's key."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> requests.Response:
        return requests.post(
            f"{self.url}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.key if key is None else key}"},
            timeout=120,
        )

    def chat(self, model: str = MODEL, **more: Any) -> requests.Response:
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8} | more
        return self.post("/v1/chat/completions", body)


@pytest.fixture(scope="session")
def state() -> Path:
    state_home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state_home) / "inference-stack" / os.environ["LAB"]


@pytest.fixture(scope="session")
def lab(state: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((state / "lab.json").read_text())
    return found


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
def server(host_of: Callable[[str], Any]) -> Any:
    return host_of("server")


@pytest.fixture(scope="session")
def gpu(host_of: Callable[[str], Any]) -> Any:
    return host_of("gpu")


@pytest.fixture(scope="session")
def cluster(server: Any) -> Cluster:
    return Cluster(server)


@pytest.fixture(scope="session")
def gateway(lab: dict[str, Any], secrets: dict[str, str]) -> Gateway:
    return Gateway(f"http://{lab['hosts']['server']['address']}:{GATEWAY_PORT}", secrets["consumer_key"])
