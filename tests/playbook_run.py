"""Runs a playbook of the checkout as ansible-playbook would, without importing Ansible anew each time."""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "inventories" / "example"
DEADLINE = 300


class WarmAnsible:
    """The process that forks a run for each order; it ends with its stdin."""

    def __init__(self) -> None:
        # -P: a command's own folder is not on its path either, in the way this file's would be.
        self._process = subprocess.Popen(
            [sys.executable, "-P", Path(__file__).with_name("warm_ansible.py")],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, order: dict[str, Any]) -> int:
        """The exit status of a run."""
        orders, answers = self._process.stdin, self._process.stdout
        assert orders and answers
        orders.write(json.dumps(order) + "\n")
        orders.flush()
        if not select.select([answers], [], [], DEADLINE)[0]:
            os.killpg(self._process.pid, signal.SIGKILL)
            warm_ansible.cache_clear()
            raise subprocess.TimeoutExpired(order["words"], DEADLINE)
        return int(answers.readline())

    def close(self) -> None:
        self._process.communicate()


@functools.cache
def warm_ansible() -> WarmAnsible:
    """One for all tests of this process."""
    started = WarmAnsible()
    atexit.register(started.close)
    return started


def environment(**more: str) -> dict[str, str]:
    """This process's environment with the checkout's configuration."""
    return {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", **more}


def run_playbook(
    playbook: str | Path,
    *words: str,
    variables: Mapping[str, Any] | None = None,
    inventory: str | Path = EXAMPLE,
    folder: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """A run of a playbook, which is named as under playbooks/ or by its whole path."""
    options = ["--inventory", str(inventory), "--extra-vars", json.dumps(variables or {})]
    command = [*options, str(ROOT / "playbooks" / playbook), *words]
    with tempfile.TemporaryDirectory() as told:
        outputs = {name: Path(told, name) for name in ("stdout", "stderr")}
        for output in outputs.values():
            output.touch()
        order = {
            "words": command,
            "folder": str(folder),
            "environment": dict(environment() if env is None else env),
            **{name: str(output) for name, output in outputs.items()},
        }
        status = warm_ansible().run(order)
        stdout, stderr = (output.read_text("utf-8") for output in outputs.values())
    return subprocess.CompletedProcess(command, status, stdout, stderr)
