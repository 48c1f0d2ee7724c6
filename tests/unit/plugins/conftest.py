"""Fixtures that the plugins' tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.plugins.modules.module_runner import ModuleRunner
from tests.unit.plugins.scripted_server import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server without routes."""
    scripted = ScriptedServer()
    yield scripted
    scripted.close()


@pytest.fixture
def run_module(capfd: pytest.CaptureFixture[str]) -> ModuleRunner:
    """Runs a module's main() as Ansible would."""
    return ModuleRunner(capfd)
