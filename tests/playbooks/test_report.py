"""report.yml as a command: it draws what the files hold and asks nobody."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.playbook_run import run_playbook
from tests.unit.plugins.plugin_utils.reporting.site_report.records import (
    check,
    history_text,
    proof_text,
    result,
    runs,
)

TEMPLATE = "{{ 6 * 7 }} {% if %}"


def draw(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The play, called in a folder that holds the records."""
    variables = {
        "inference_proof": "proof.json",
        "benchmark_history": "history.jsonl",
        "report_output": "page.html",
        "report_title": "Home lab",
    }
    return run_playbook("report.yml", *words, variables=variables, folder=folder)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A folder with both files; the last line was cut within a character."""
    answered = result(check("chat", seen=TEMPLATE), check("json", "failed"))
    (tmp_path / "proof.json").write_text(proof_text(answered), "utf-8")
    history = history_text(runs([60.0]))
    (tmp_path / "history.jsonl").write_bytes(history.encode() + b'{"model": "\xc3')
    return tmp_path


def test_it_writes_the_page_once(records: Path) -> None:
    done = draw(records)
    assert done.returncode == 0, done.stdout[-3000:]
    written = records / "page.html"
    assert f"The report is in {written}" in done.stdout
    assert "changed=1 " in done.stdout
    assert written.stat().st_mode & 0o777 == 0o644
    assert "changed=0 " in draw(records).stdout
    page = written.read_text("utf-8")
    for words in (
        "<title>Home lab</title>",
        TEMPLATE,
        "0 of 1",
        "contracts kept",
        "1 run, the last 2026-01-01",
    ):
        assert words in page


def test_check_mode_writes_nothing(records: Path) -> None:
    done = draw(records, "--check")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "changed=1 " in done.stdout
    assert not (records / "page.html").exists()


def test_without_any_record_it_tells_the_way_out(tmp_path: Path) -> None:
    done = draw(tmp_path)
    assert done.returncode != 0
    assert "there is neither a proof nor a benchmark" in done.stdout + done.stderr
    assert "Run playbooks/site.yml or playbooks/benchmark.yml first." in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "page.html").exists()
