"""Fixtures of what reads a host."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.system import commands

from tests.unit.plugins.module_utils.hosts.scripted_commands import Commands


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The host's programs; none is installed until a test says what it answers."""
    scripted = Commands()
    monkeypatch.setattr(commands, "run", scripted)
    return scripted
