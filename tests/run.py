"""Runs the stages of `make test` one after the other and closes with the tests' own summary.

Usage: python tests/run.py STAGE…    with STAGE one of: lint unit browser molecule
Every stage runs even when an earlier linter found something, so that one run tells everything; the exit
status is that of the first failure. LAB names the lab that molecule builds and takes down.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

STAGES: dict[str, list[list[str]]] = {
    "lint": [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["yamllint", "--strict", "."],
        ["ansible-lint", "--offline"],
    ],
    "unit": [["pytest", "-q", "-n", "2", "tests/unit"]],
    "browser": [["pytest", "-q", "tests/browser"]],
    "molecule": [["molecule", "test", "--scenario-name", "default"]],
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


def run_stage(stage: str, reports: Path) -> int:
    """Runs a stage's commands; returns the first status that is not 0."""
    status = 0
    for command in STAGES[stage]:
        print(f"\n== {stage}: {' '.join(command)}", flush=True)
        start = time.monotonic()
        env = os.environ | {"PYTEST_ADDOPTS": f"--junitxml={reports / stage}.xml"}
        done = subprocess.run(command, cwd=ROOT, env=env, check=False)
        verdict = "ok" if done.returncode == 0 else f"failed with status {done.returncode}"
        print(f"== {stage}: {command[0]} {verdict} after {time.monotonic() - start:.0f} s", flush=True)
        status = status or done.returncode
    return status


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
            if statuses[stage] and stage == "unit":
                break  # half an hour of rehearsal would only say the same later
        counts = sum((read_counts(report) for report in reports.glob("*.xml")), Counts())
    for stage in stages:
        if stage not in statuses:
            print(f"{stage}: not run, an earlier stage failed")
        else:
            print(f"{stage}: {'ok' if statuses[stage] == 0 else 'FAILED'}")
    print(f"finished after {time.monotonic() - start:.0f} s")
    if {"unit", "browser", "molecule"} & set(statuses):
        skipped = f", {counts.skipped} skipped" if counts.skipped else ""
        print(f"{counts.passed} passed, {counts.failed} failed{skipped}", flush=True)
    return next((status for status in statuses.values() if status), 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
