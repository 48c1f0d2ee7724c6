"""site.yml on bare hosts, killed after each change that it makes, until nothing is left to change.

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


def lab(*words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "lab", *words], cwd=ROOT, check=True, env={**os.environ, "LAB": LAB}
    )


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


def run_until_it_changed_something(log: Path, linger_s: float) -> tuple[str, int | None]:
    """The task that changed something, after which the run was killed; or the status of a run that ended."""
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
        assert time.monotonic() < deadline, log.read_text()[-2000:]
        if _CHANGED.search(log.read_text(errors="replace")):
            time.sleep(linger_s)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                before = _CHANGED.split(log.read_text(errors="replace"))[0]
                return before.rpartition("TASK [")[2].partition("]")[0], None
        time.sleep(0.1)
    return "", process.returncode


def test_a_run_that_is_killed_after_every_change_converges(site: None, tmp_path: Path) -> None:
    pause = random.Random(20)
    killed: list[str] = []
    for number in range(MOST_RUNS):
        log = tmp_path / f"{number}.log"
        task, status = run_until_it_changed_something(log, pause.uniform(0, 2))
        if status is not None:
            assert status == 0, log.read_text()[-4000:]
            break
        killed.append(task)
        print(f"{number}: killed after {task}", flush=True)
    else:
        raise AssertionError(f"still not done after {MOST_RUNS} runs: {killed}")
    assert len(set(killed)) >= KILLS, killed

    # As after an undisturbed run: nothing is left to change, and doctor finds nothing.
    again = play(INVENTORY, "site", {}, timeout=600)
    for host in ("localhost", "server", "gpu"):
        assert "changed=0" in recap(again.stdout, host), again.stdout[-3000:]
    output = tmp_path / "doctor.json"
    play(INVENTORY, "doctor", {"doctor_format": "json", "doctor_output": str(output)})
    assert '"verdict": "ok"' in output.read_text()
