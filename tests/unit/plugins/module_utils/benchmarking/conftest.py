"""Fixtures of the benchmark's tests."""

from __future__ import annotations

import pytest

from tests.unit.plugins.module_utils.benchmarking.talker import Talker
from tests.unit.plugins.scripted_server import ScriptedServer


@pytest.fixture
def talker(server: ScriptedServer) -> Talker:
    """A quick server that knows everything."""
    talker = Talker()
    talker.serve(server)
    return talker
