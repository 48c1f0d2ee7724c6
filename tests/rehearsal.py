"""What the scenarios' tests share: kubectl on the server, and the gateway as a consumer sees it."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent
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

    def __init__(self, server: Any, namespace: str = NAMESPACE) -> None:
        self.server = server
        self.namespace = namespace

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
        self.kubectl(f"-n {self.namespace} scale deployment {deployment} --replicas={replicas}")

    def available(self, deployment: str, replicas: int) -> bool:
        status = self.get(f"-n {self.namespace} deployment {deployment}")["status"]
        return int(status.get("availableReplicas", 0)) == replicas == int(status.get("replicas", 0))


def play(
    inventory: str, playbook: str, variables: dict[str, Any], *words: str, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """A playbook of the collection on the lab, without the colours that molecule asks for."""
    plain = {name: value for name, value in os.environ.items() if name != "ANSIBLE_FORCE_COLOR"}
    return subprocess.run(
        [
            *("ansible-playbook", "--inventory", inventory, f"playbooks/{playbook}.yml", *words),
            *("--extra-vars", json.dumps(variables)),
        ],
        cwd=ROOT,
        env=plain | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def recap(text: str, host: str) -> str:
    """The line of a run's recap about a host."""
    lines = [line for line in text.splitlines() if line.startswith(host) and "changed=" in line]
    assert lines, text[-3000:]
    return lines[-1]


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def shell_quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


class Gateway:
    """The gateway with a consumer's key."""

    def __init__(self, url: str, key: str, model: str = MODEL) -> None:
        self.url = url
        self.key = key
        self.model = model

    def key_of(self, name: str) -> str:
        """The key of another consumer, which inventories/rehearsal derives from this one's."""
        return "sk-" + hashlib.sha256(f"{self.key} {name}".encode()).hexdigest()

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> requests.Response:
        return requests.post(
            f"{self.url}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.key if key is None else key}"},
            timeout=120,
        )

    def chat(self, model: str = "", **more: Any) -> requests.Response:
        messages = [{"role": "user", "content": "Hello"}]
        body = {"model": model or self.model, "messages": messages, "max_tokens": 8} | more
        return self.post("/v1/chat/completions", body)
