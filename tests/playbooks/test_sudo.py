"""A sudo that asks or refuses stops no verb that only looks, and site.yml before anything changes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.playbook_run import run_playbook
from tests.playbooks.test_preflight import SECRETS

ASKS = "echo 'sudo: a password is required' >&2"
REFUSES = "echo 'admin is not in the sudoers file.' >&2"
GPU: dict[str, Any] = {"inference_host_gpus": [{"gpu": "rtx-3060-12gb"}]}


def play(name: str, folder: Path, said: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    sudo = folder / "sudo"
    sudo.write_text(f"#!/bin/sh\n{said}\nexit 1\n")
    sudo.chmod(0o755)
    here = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "ansible_become_exe": str(sudo),
        # Ansible becomes nobody who is the same already.
        "ansible_become_user": "nobody",
        "inference_gateway_url": "http://127.0.0.1:9",
    }
    return run_playbook(f"{name}.yml", variables=GPU | SECRETS | here | variables)


def words(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (ASKS, "sudo needs a password: add -K (--ask-become-pass)"),
        (REFUSES, "sudo does not let ansible_user become root"),
    ],
)
def test_a_plan_goes_on_and_says_why_it_saw_nothing(said: str, reason: str, tmp_path: Path) -> None:
    done = play("plan", tmp_path, said)
    assert done.returncode == 0, done.stdout[-3000:]
    shown = words(done).partition("MODEL qwen3-8b-awq")[2]
    assert reason in shown.replace(" │ ", " ")
    assert f"server: {reason}" in shown


def test_doctor_names_sudo(tmp_path: Path) -> None:
    done = play("doctor", tmp_path, ASKS)
    assert done.returncode == 2, done.stdout[-3000:]
    told = words(done)
    assert "First broken layer: host (gpu)" in told
    assert "could not be observed: sudo needs a password: add -K (--ask-become-pass)" in told


def test_status_shows_what_it_can(tmp_path: Path) -> None:
    done = play("status", tmp_path, ASKS)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "mode ml" in done.stdout


def test_a_site_is_refused_before_anything_changes(tmp_path: Path) -> None:
    done = play("site", tmp_path, ASKS)
    assert done.returncode == 2
    assert "gpu: sudo needs a password: add -K (--ask-become-pass)." in words(done)
    assert "Prepare the hosts" not in done.stdout and "changed=0" in done.stdout
    assert "k3s : " not in done.stdout
