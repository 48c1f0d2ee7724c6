"""site.yml on bare hosts, killed after a change or at any other task, until nothing is left to change.

Needs a lab of its own that nobody uses: LAB=soak by default. It is taken down in the end.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rehearsal import play, recap

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = "inventories/rehearsal"
LAB = os.environ.get("SOAK_LAB", "soak")
KILLS, MOST_RUNS = 20, 60
DEADLINE_S = 900
_CHANGED = re.compile(r"^changed: ", re.MULTILINE)
_TASK = re.compile(r"^TASK \[(.*)\]", re.MULTILINE)


def lab(*words: str) -> None:
    environment = {**os.environ, "LAB": LAB, "LAB_MODELS": "random"}
    subprocess.run([sys.executable, "-m", "lab", *words], cwd=ROOT, check=True, env=environment)


@pytest.fixture(scope="module")
def site() -> Iterator[None]:
    before = os.environ.get("LAB")
    os.environ["LAB"] = LAB
    lab("down")
    lab("up")
    yield
    lab("down")
    if before is not None:
        os.environ["LAB"] = before


def run_and_kill(log: Path, most_tasks: int, linger_s: float) -> tuple[str, int | None]:
    """The task at which the run was killed: the first that changed something, or the last of so many.

    A run that ended before has no such task, but a status.
    """
    with log.open("w") as sink:
        process = subprocess.Popen(
            ["ansible-playbook", "--inventory", INVENTORY, "playbooks/site.yml"],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + DEADLINE_S
    while process.poll() is None:
        told = log.read_text(errors="replace")
        assert time.monotonic() < deadline, told[-2000:]
        if _CHANGED.search(told) or len(_TASK.findall(told)) >= most_tasks:
            time.sleep(linger_s)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return (_TASK.findall(log.read_text(errors="replace")) or ["start"])[-1], None
        time.sleep(0.1)
    return "", process.returncode


def test_a_run_that_is_killed_after_every_change_converges(site: None, tmp_path: Path) -> None:
    choice = random.Random(20)
    killed: list[str] = []
    for number in range(MOST_RUNS):
        log = tmp_path / f"{number}.log"
        # Every other run ends where nothing was changed, such as in a look or a wait.
        most_tasks = choice.randint(3, 70) if number % 2 else sys.maxsize
        task, status = run_and_kill(log, most_tasks, choice.uniform(0, 1))
        if status is None:
            killed.append(task)
            print(f"{number}: killed at {task}", flush=True)
        else:
            assert status == 0, log.read_text()[-4000:]
            if len(set(killed)) >= KILLS:
                break
    else:
        raise AssertionError(f"still not done after {MOST_RUNS} runs: {killed}")

    # As after an undisturbed run: nothing is left to change, and doctor finds nothing.
    again = play(INVENTORY, "site", {}, timeout=600)
    for host in ("localhost", "server", "gpu"):
        assert "changed=0" in recap(again.stdout, host), again.stdout[-3000:]
    output = tmp_path / "doctor.json"
    play(INVENTORY, "doctor", {"doctor_format": "json", "doctor_output": str(output)})
    assert '"verdict": "ok"' in output.read_text()
