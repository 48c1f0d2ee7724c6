"""A run by run_playbook is one by ansible-playbook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.playbook_run import EXAMPLE, ROOT, environment, run_playbook

PROGRAM = Path(sys.executable).with_name("ansible-playbook")


def test_a_run_says_and_returns_what_the_command_does() -> None:
    variables = {"port_forward_to": "nowhere"}
    command = subprocess.run(
        [
            *(PROGRAM, ROOT / "playbooks" / "port_forward.yml", "-v"),
            *("--inventory", EXAMPLE, "--extra-vars", json.dumps(variables)),
        ],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    run = run_playbook("port_forward.yml", "-v", variables=variables)
    assert "port_forward_to is nowhere" in run.stdout
    assert run.returncode == command.returncode
    assert run.stdout.splitlines() == command.stdout.splitlines()
    assert run.stderr.splitlines() == command.stderr.splitlines()
