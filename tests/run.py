"""Runs the stages of `make test` one after the other and closes with the tests' own summary.

Usage: python tests/run.py STAGE…    with STAGE one of: lint sanity unit playbooks browser molecule, or
molecule-odd and molecule-one, which `make test` does not run.
Every stage runs even when an earlier linter found something, so that one run tells everything; the exit
status is that of a command that failed. The commands of a stage run side by side, each shown whole when it
ends. LAB names the lab that a scenario builds and takes down.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Two at once and no more: some tests measure time.
TWO_AT_ONCE = ["pytest", "-q", "-n", "2", "--dist", "worksteal"]
STAGES: dict[str, list[list[str]]] = {
    "lint": [
        # Two halves side by side; the first holds everything but playbooks/.
        ["ansible-lint", "--offline", "--exclude", "playbooks/"],
        ["ansible-lint", "--offline", "--exclude", "roles/", "--", "playbooks/"],
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["yamllint", "--strict", "."],
        ["antsibull-changelog", "lint"],
        ["python", "tests/run_sanity.py", "modules", "style", "smells"],
    ],
    "sanity": [
        ["python", "tests/run_sanity.py", "imports"],
        ["python", "tests/run_sanity.py", "docs"],
        ["python", "tests/run_sanity.py", "galaxy"],
    ],
    "unit": [[*TWO_AT_ONCE, "tests/unit"]],
    "playbooks": [[*TWO_AT_ONCE, "tests/playbooks"]],
    "browser": [["pytest", "-q", "tests/browser"]],
    "molecule": [["molecule", "test", "--scenario-name", "default"]],
    "molecule-odd": [["molecule", "test", "--scenario-name", "odd_names"]],
    "molecule-one": [["molecule", "test", "--scenario-name", "one_machine"]],
}


@dataclass(frozen=True)
class Counts:
    """What a junit report counted."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


def read_counts(report: Path) -> Counts:
    suites = ET.parse(report).getroot().iter("testsuite")
    total = Counts()
    for suite in suites:
        tests, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        total += Counts(tests - failed - skipped, failed, skipped)
    return total


def run_command(stage: str, command: list[str], report: Path, *, at_once: bool) -> int:
    """Runs a command and shows what it says, as it comes or whole at the end."""
    title = f"== {stage}: {' '.join(command)}"
    if at_once:
        print(f"\n{title}", flush=True)
    start = time.monotonic()
    # Without compiled files Python reads tests and plugins anew in each of a hundred processes.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTEST_ADDOPTS"] = f"--junitxml={report}"
    stdout, stderr = (None, None) if at_once else (subprocess.PIPE, subprocess.STDOUT)
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=stdout, stderr=stderr, text=True, check=False)
    verdict = "ok" if done.returncode == 0 else f"failed with status {done.returncode}"
    ended = f"{title} {verdict} after {time.monotonic() - start:.0f} s"
    print(ended if at_once else f"\n{title}\n{done.stdout}{ended}", flush=True)
    return done.returncode


def run_stage(stage: str, reports: Path) -> int:
    """Runs a stage's commands, several side by side; returns a status that is not 0 if there is one."""
    commands = STAGES[stage]
    if len(commands) == 1:
        return run_command(stage, commands[0], reports / f"{stage}.xml", at_once=True)
    with ThreadPoolExecutor(len(commands)) as pool:
        runs = [
            pool.submit(run_command, stage, command, reports / f"{stage}-{number}.xml", at_once=False)
            for number, command in enumerate(commands)
        ]
        statuses = [run.result() for run in as_completed(runs)]
    return next((status for status in statuses if status), 0)


def main(stages: list[str]) -> int:
    unknown = [stage for stage in stages if stage not in STAGES]
    if unknown or not stages:
        print(f"unknown stage {', '.join(unknown) or '(none)'}; known: {', '.join(STAGES)}", file=sys.stderr)
        return 2
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        reports = Path(folder)
        statuses: dict[str, int] = {}
        for stage in stages:
            statuses[stage] = run_stage(stage, reports)
            if statuses[stage] and stage in {"unit", "playbooks"}:
                break  # half an hour of rehearsal would only say the same later
        counts = sum((read_counts(report) for report in reports.glob("*.xml")), Counts())
    for stage in stages:
        if stage not in statuses:
            print(f"{stage}: not run, an earlier stage failed")
        else:
            print(f"{stage}: {'ok' if statuses[stage] == 0 else 'FAILED'}")
    print(f"finished after {time.monotonic() - start:.0f} s")
    if set(statuses) - {"lint", "sanity"}:
        skipped = f", {counts.skipped} skipped" if counts.skipped else ""
        print(f"{counts.passed} passed, {counts.failed} failed{skipped}", flush=True)
    return next((status for status in statuses.values() if status), 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
