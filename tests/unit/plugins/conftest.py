"""Fixtures that the plugins' tests share."""

from __future__ import annotations

import pytest

from tests.unit.plugins.modules.module_runner import ModuleRunner


@pytest.fixture
def run_module(capfd: pytest.CaptureFixture[str]) -> ModuleRunner:
    """Runs a module's main() as Ansible would."""
    return ModuleRunner(capfd)
