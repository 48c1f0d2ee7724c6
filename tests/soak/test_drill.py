"""Drills of a thousand requests, each way, and one that is interrupted, on a lab that is up.

LAB names it, otherwise the demo. Other work on the machine shows in the figures.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal import NAMESPACE, ROOT, play, wait_for
from tests.soak.lab_load import Site

INVENTORY = "inventories/rehearsal"
LIMIT_S = 3600
WORDS = ["ansible-playbook", "--inventory", INVENTORY, "playbooks/drill.yml", "--extra-vars"]


def drill(output: Path, **variables: Any) -> dict[str, Any]:
    done = play(INVENTORY, "drill", {"drill_output": str(output), **variables}, timeout=LIMIT_S)
    print(done.stdout[done.stdout.find("TASK [Drill]") :], flush=True)
    assert done.returncode == 0, done.stdout[-4000:]
    told: dict[str, Any] = json.loads(output.read_text("utf-8"))
    return told


# A frozen engine is restarted by its watchdog after a minute, so a stage is shorter. A slow one waits.
FEWER = {"freeze": 300, "slow": 100}
WAYS = [("kill", 1), ("scale", 2), ("freeze", 1), ("block", 2), ("error", 2), ("slow", 1)]


@pytest.mark.parametrize(("way", "depth"), WAYS)
def test_a_thousand_requests(tmp_path: Path, way: str, depth: int) -> None:
    requests = FEWER.get(way, 1000)
    told = drill(tmp_path / "drill.json", drill_way=way, drill_depth=depth, drill_requests=requests)
    assert told["failures"] == 0
    assert told["requests"] >= requests
    assert [outage["tier"] for outage in told["outages"]] == ["gpu", "cpu"][:depth]


@pytest.mark.parametrize(
    ("number", "way"),
    [
        (signal.SIGINT, "freeze"),
        (signal.SIGTERM, "freeze"),
        (signal.SIGKILL, "freeze"),
        (signal.SIGTERM, "block"),
        (signal.SIGKILL, "block"),
        (signal.SIGKILL, "error"),
    ],
)
def test_what_an_interrupted_drill_took_is_put_back(tmp_path: Path, number: signal.Signals, way: str) -> None:
    """By itself, or after SIGKILL by the next one."""
    site = Site(tmp_path)
    site.well()
    log = tmp_path / "log"
    with log.open("w") as sink:
        process = subprocess.Popen(
            [*WORDS, json.dumps({"drill_way": way, "drill_output": str(tmp_path / "drill.json")})],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + 300
    while "is taken away" not in log.read_text() and time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-3000:]
        time.sleep(0.2)
    time.sleep(3)
    if number == signal.SIGKILL:
        # Ansible's workers have sessions of their own.
        workers = subprocess.run(
            ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        for worker in map(int, workers):
            os.kill(worker, number)
    os.kill(process.pid, number)
    process.wait(timeout=60)
    time.sleep(10)
    done = play(INVENTORY, "drill", {"drill_restore": True}, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:]
    assert ("Put back: " in done.stdout) is (number == signal.SIGKILL), done.stdout[-3000:]
    wait_for("answers of the GPU", lambda: site.ask(site.model).tier == "gpu", timeout=300)
    left = site.lab.kubectl(f"-n {NAMESPACE} get configmap,networkpolicy,pod -o name")
    assert [name for name in left.split() if "inference-drill" in name and not name.startswith("pod/")] == []
    assert "inference.stack/drill" not in site.lab.kubectl(f"-n {NAMESPACE} get service -o yaml")
