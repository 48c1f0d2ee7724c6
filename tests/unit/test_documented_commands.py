"""Commands in the guides are complete: what becomes root on hosts says how to give the password."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BECOME = ("benchmark", "chat", "doctor", "logs", "plan", "site", "status")
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "playbooks").glob("*.yml")),
]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_become_root_ask_for_the_password(path: Path) -> None:
    command = re.compile(rf"ansible-playbook .*\b(?:playbooks/|stack\.)({'|'.join(BECOME)})(?:\.yml)?\b")
    lines = [line for line in path.read_text("utf-8").splitlines() if command.search(line)]
    assert [line for line in lines if "-K" not in line and "plan_offline=true" not in line] == []
